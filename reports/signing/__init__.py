"""Signatures: keys, signing, verification."""
