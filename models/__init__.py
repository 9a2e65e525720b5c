"""What the clinic remembers: tables, migrations, stored files."""
