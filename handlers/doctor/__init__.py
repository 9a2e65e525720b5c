"""The doctor: reading, structured reading, critical results, amendments."""
