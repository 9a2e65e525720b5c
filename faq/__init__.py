"""What we already know how to answer."""
