"""Pictures as they come in, for every room that takes them."""
