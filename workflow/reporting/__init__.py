"""Release, content hash, report data, deliveries, amendments, verification."""
