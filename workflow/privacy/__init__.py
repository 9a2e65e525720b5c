"""What is kept of a person: overview, export, erasure."""
