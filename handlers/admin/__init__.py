"""The administrator: release, staff, audit, model, FAQ teaching."""
