"""Persistence: database tables, migrations, encryption and the file vault."""
