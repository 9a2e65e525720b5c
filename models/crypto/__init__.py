"""Keys, encrypted columns and the file vault."""
