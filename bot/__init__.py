"""The machinery around the pure core: platforms, store, desk, outbox, console and commands."""
