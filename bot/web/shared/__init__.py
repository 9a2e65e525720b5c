"""Shared by the desk's pages and the API: the session, the sign-in, and the reads that are recorded."""
