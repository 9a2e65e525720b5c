"""The audit chain and its FHIR view."""
