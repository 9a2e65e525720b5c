"""The account: start, registration, linked chats, passwords, codes, authenticator, roles."""
