"""Texts, keyboards, callback data, forms and parsing of input."""
