"""The formulary: reads typed prescription lines and checks them against a patient's facts. Pure functions, no database.

Its data are TOML files beside the code, or those of an own folder."""

from typing import Final

NOTICE: Final = (
    "This formulary is a help compiled from public facts (product labels, WHO, NLEM India, BNF-like references). "
    "It is not complete and must be approved by the hospital's pharmacist before it is relied on."
)
