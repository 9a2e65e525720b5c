"""`csss report`: reports as PDF."""
