"""How urgent the model's answer makes a scan look; an order of reading, not a diagnosis."""

from enum import StrEnum
from typing import Final

from models.tables.scans import Finding

SURE: Final = 0.9


class Risk(StrEnum):
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    UNCLEAR = "unclear"  # the model is uncertain: a person reads first


def risk_of(finding: Finding) -> Risk:
    """From the probability of anything but Normal."""
    if finding.uncertain:
        return Risk.UNCLEAR
    if finding.abnormal < 1 - SURE or finding.label == "Normal":
        return Risk.LOW
    return Risk.HIGH if finding.abnormal >= SURE else Risk.MODERATE
