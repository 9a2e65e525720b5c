"""The application: composition, settings, channels, jobs, Telegram, web and command line."""
