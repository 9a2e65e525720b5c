"""Between Telegram and the handlers: polling, webhook, middlewares, FSM storage and rate limits."""
