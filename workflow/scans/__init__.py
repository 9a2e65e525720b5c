"""Intake, analysis, reading, critical results and queries of scans."""
