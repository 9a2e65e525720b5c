"""Reading priority from the model's output; not a diagnosis."""

from typing import Final

from models.tables.scans import AiFinding
from models.vocabulary import Risk

HIGH_PROBABILITY: Final = 0.9


def risk_of(finding: AiFinding) -> Risk:
    """From the probability of any class other than Normal."""
    return risk_from(finding.uncertain, finding.abnormal, finding.label)


def risk_from(uncertain: bool, abnormal: float, label: str | None) -> Risk:
    """Like `risk_of`, from the columns of a finding."""
    if uncertain:
        return Risk.UNCLEAR
    if abnormal < 1 - HIGH_PROBABILITY or label == "Normal":
        return Risk.LOW
    return Risk.HIGH if abnormal >= HIGH_PROBABILITY else Risk.MODERATE
