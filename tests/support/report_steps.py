"""Steps for released reports."""

import re

from bot.dev.sandbox.mailbox import Mail
from tests.support.people import CODE, Clinic

PASSPHRASE = re.compile(r"\b\d{4}(?: \d{4}){4}\b")


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


async def approves_amendment(clinic: Clinic) -> Mail:
    earlier = await clinic.telegram.mails("joseph@example.org")
    await clinic.joseph.presses("Approve the change")
    mail = await clinic.telegram.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
    [code] = CODE.findall(mail.text)
    await clinic.joseph.sends("000000" if code != "000000" else "111111")
    await clinic.joseph.sees("That code is not right")
    await clinic.joseph.sends(code)
    await clinic.joseph.sees("is approved")
    return mail
