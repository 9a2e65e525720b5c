"""From the document to PDF."""
