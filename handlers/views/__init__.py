"""Messages that show scans, readings, reports and questions; with `handlers.ui`, what jobs may import of handlers."""
