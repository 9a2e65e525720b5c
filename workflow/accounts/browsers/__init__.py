"""Browsers of staff and patients: their sessions, the sign-in by a link from the chat, notices."""
