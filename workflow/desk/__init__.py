"""Conversations between people and the staff."""
