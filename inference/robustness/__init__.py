"""Spoil films on purpose, seeded, and measure what a classifier says of them."""
