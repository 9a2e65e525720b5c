"""The report engine: report data in, signed PDF out."""
