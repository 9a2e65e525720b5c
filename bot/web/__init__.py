"""The web side: Telegram's webhook, health and metrics."""
