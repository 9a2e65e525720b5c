"""`csss bench`: speed and memory of the program on this machine."""
