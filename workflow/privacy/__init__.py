"""Data subject requests: overview, export, erasure."""
