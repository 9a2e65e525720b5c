"""Steps for released reports."""

import re

from tests.support.people import Clinic

PASSPHRASE = re.compile(r"\b[2-9a-z]{4}(?:-[2-9a-z]{4}){3}\b")


async def asks_to_amend(clinic: Clinic) -> None:
    await clinic.rao.presses("Amend", on="Report ready")
    for question, words in (
        ("Why must it be changed", "The side was mixed up."),
        ("as they should be", "Opacity, left."),
    ):
        await clinic.rao.sees(question)
        await clinic.rao.sends(words)
    await clinic.rao.sees("Impression")
    await clinic.rao.sends("Left-sided pneumonia.")
    await clinic.rao.presses("Skip", on="Skip leaves them")
    await clinic.rao.presses("urgent", on="what should the patient do now")
    await clinic.rao.sees("An administrator approves it")
