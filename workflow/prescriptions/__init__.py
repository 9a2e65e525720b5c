"""The prescription of a scan: its meaning, its alerts and its draft."""
