"""Telegram: posts in, replies out, cards for managers."""
