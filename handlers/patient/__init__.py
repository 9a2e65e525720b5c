"""The patient: upload, scans, reports, privacy."""
