"""What may happen next, and what is then owed."""
