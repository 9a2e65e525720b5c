"""Files of a patient that the staff open from a card."""
