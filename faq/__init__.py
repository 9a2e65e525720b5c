"""Prepared answers to patients' questions, and the detection of emergencies."""
