"""`csss bench`: how fast and how large the house is, measured on the machine that asks."""
