"""Accounts, sign-in, one-time codes, roles and staff."""
