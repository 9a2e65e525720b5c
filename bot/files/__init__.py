"""Pictures, reports and voice notes: where the settings say that they lie, and their copy from one place to another."""
