"""Where the vault's files lie: a folder, or a bucket of an S3-compatible service. Both hold ciphertext alone."""
