"""Texts, callback data, keyboards, replies, form states, parsing of input, command menus."""
