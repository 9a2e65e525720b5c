"""Patients' files without a chat of their own, as the persons who act for them see them."""
