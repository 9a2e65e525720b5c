"""The content of a report as plain values."""
