"""Release, content hash, report content, deliveries, amendments, verification."""
