"""Patients' files without a chat of their own: walk-ins, and the persons who act for them."""
