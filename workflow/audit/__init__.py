"""The audit trail and its FHIR representation."""
