"""The `csss` command line: one module for each family of commands, imported when it is used."""
