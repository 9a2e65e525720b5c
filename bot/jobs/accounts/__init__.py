"""Jobs about accounts."""
