"""The inference engine: uploaded bytes in, prediction out."""
