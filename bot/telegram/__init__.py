"""Between Telegram and the handlers: updates in, messages out, FSM storage, rate limits."""
