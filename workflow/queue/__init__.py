"""The order in which scans are read, and what staff put first."""
