"""From the report document to PDF."""
