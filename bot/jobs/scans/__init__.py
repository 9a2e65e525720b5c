"""Notices about a scan to the people who work on it."""
