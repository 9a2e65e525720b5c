"""Reading priority from the model's output; not a diagnosis."""

from typing import Final

from models.tables.scans import AiFinding
from models.vocabulary import Risk

HIGH_PROBABILITY: Final = 0.9


def risk_of(finding: AiFinding) -> Risk:
    """From the probability of any class other than Normal."""
    if finding.uncertain:
        return Risk.UNCLEAR
    if finding.abnormal < 1 - HIGH_PROBABILITY or finding.label == "Normal":
        return Risk.LOW
    return Risk.HIGH if finding.abnormal >= HIGH_PROBABILITY else Risk.MODERATE
