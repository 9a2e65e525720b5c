"""Several roles: FAQ, emergency, desk, queue, verification of a report."""
