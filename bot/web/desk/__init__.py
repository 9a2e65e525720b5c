"""The desk: the pages for staff in a browser."""
