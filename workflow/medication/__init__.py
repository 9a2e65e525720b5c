"""Medicines as the patient takes them and as they are picked from buttons. Pure functions on top of the formulary."""
