"""Commands about the model that need no training."""
