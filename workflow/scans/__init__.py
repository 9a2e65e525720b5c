"""Intake, analysis, reading, critical results, queries."""
