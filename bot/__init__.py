"""What runs it: settings, assembly, worker, web, sandbox, command line."""
