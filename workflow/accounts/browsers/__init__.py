"""Browsers of staff: their sessions, and the sign-in by a link from the chat."""
