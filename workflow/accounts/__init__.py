"""Accounts, sign-in, codes, roles, staff."""
