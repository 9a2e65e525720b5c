"""Ways out of the hospital besides Telegram: email, WhatsApp, voice."""
