"""Conversations between patients and staff."""
