"""Seeded degradations of films, and the measurement of what a classifier says of them."""
