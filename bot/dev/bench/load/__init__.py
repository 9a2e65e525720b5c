"""Figures under load: `csss bench load`."""
