"""Training of the network that finds the film in a photograph."""
