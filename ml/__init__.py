"""How the model was made."""
