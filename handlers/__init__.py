"""How people talk to it in chat."""
