"""The HTTP side of the sandbox: Bot API calls, the client API, the web page."""
