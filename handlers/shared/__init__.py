"""Used by several roles: FAQ, emergencies, help desk, queue, forms, signing, verification of a report."""
