"""The administrator: release, invitations, staff, audit, model, undelivered reports, FAQ teaching."""
