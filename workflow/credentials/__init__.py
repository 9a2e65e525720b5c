"""Credentials: changes of what opens an account, told to its owner, who may deny them."""
