"""What the pixels say: bytes in, prediction out."""
