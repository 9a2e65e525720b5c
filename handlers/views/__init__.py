"""Messages that show a scan or a reading."""
