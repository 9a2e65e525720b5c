"""Start, registration, sign-in, sessions, second factor, roles."""
