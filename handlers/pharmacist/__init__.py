"""The pharmacist: the prescription."""
