"""Envelope encryption: keys, encrypted columns, the file vault, and the atomic file writer."""
