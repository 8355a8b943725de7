"""The `web` platform and the JSON API under /api. Our own database is the platform: the lobby and scripts post here."""
