"""Cards on a chat platform, as far as Discord and Telegram have them in common."""
