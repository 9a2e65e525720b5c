"""Views of the desk: its conversations and its opening hours."""
