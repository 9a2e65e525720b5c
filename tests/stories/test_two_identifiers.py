"""Every signing prompt, draft and code names the patient by name and birth date, patient number and scan."""

from collections.abc import Iterable

import pytest
from sqlalchemy import select

from bot.dev.sandbox import Person
from bot.dev.sandbox.client.transcript import Message
from handlers.ui.forms import Amending, Prescribing, Rejecting, Releasing, WritingFindings
from models.tables.chats import Form
from models.vocabulary import ScanStatus
from tests.support.jobs import settles
from tests.support.people import CODE, Clinic
from tests.support.steps import a_scan, an_hour_passes_for_codes

UNSURE = {"uncertain": True, "confidence": 0.4, "doubts": ["low_confidence"]}
SIGNING_FORMS = (WritingFindings, Prescribing, Rejecting, Releasing, Amending)
# prefixes of callback data
SIGNING_BUTTONS = ("w:", "d:", "dx:", "ar:", "rg:", "bd:", "gr:", "sd:", "wy:", "rl:", "ov:", "ch:")
SIGNING_CARD = {f"c:{action}:" for action in ("findings", "prescribe", "no_medicine", "approve", "reject", "critical")}


class Walk:
    """The forms that the story came through, and a look at each question."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.states = clinic, set[str]()

    async def asks(self, who: Person, words: str, scan: int) -> None:
        assert _missing((await who.sees(words)).text, scan) == []
        async with self.clinic.app.services.sessions() as session:
            self.states |= {state for state in await session.scalars(select(Form.state)) if state}


def _missing(text: str, scan: int) -> list[str]:
    return [one for one in ("Amina Yusuf", "born 12 April 1987", "P000001", f"scan #{scan}") if one not in text]


def _signs(message: Message) -> bool:
    keys = [key.data or "" for key in message.keys]
    return any(key.startswith((*SIGNING_BUTTONS, *SIGNING_CARD)) for key in keys)


def _nameless(messages: Iterable[Message]) -> list[str]:
    """Messages with signing buttons that name no patient; every scan of the story is Amina's."""
    return [one.text for one in messages if _signs(one) and len(_missing(one.text, 0)) > 1]


async def _reads(walk: Walk, scan: int) -> None:
    rao = walk.clinic.rao
    await rao.presses("Write findings", on=f"Scan #{scan}")
    await walk.asks(rao, "your own reading", scan)
    await rao.sends("Pneumothorax, in my own reading.")
    await walk.asks(rao, "what do you see", scan)
    await rao.sends("Air.")
    await walk.asks(rao, "what does it mean", scan)
    await rao.sends("Air outside the lung.")
    await walk.asks(rao, "what shall happen next", scan)
    await rao.presses("Skip")
    await walk.asks(rao, "Written down", scan)
    await rao.presses("By region")
    await walk.asks(rao, "region by region", scan)
    await rao.presses("Lungs")
    await walk.asks(rao, "what is there", scan)
    await rao.presses("In words")
    await walk.asks(rao, "please type what you see", scan)
    await rao.sends("Clear.")


async def _gives_reasons(walk: Walk, scan: int) -> None:
    """Ready readings, and reasons against the table and against an alert."""
    rao = walk.clinic.rao
    await rao.presses("Add a reading", on="Written down")
    await walk.asks(rao, "which region", scan)
    await rao.forges(f"ar:{scan}:pneumothorax_right")
    await rao.forges(f"bd:{scan}:see_doctor")
    await rao.forges(f"d:{scan}:override")
    await walk.asks(rao, "contradicts itself", scan)
    await rao.presses("In words", on="contradicts itself")
    await walk.asks(rao, "Why is the reading signed all the same", scan)
    await rao.sends("Known for years.")
    await walk.asks(rao, "Known for years", scan)
    await rao.forges(f"bd:{scan}:urgent")
    await rao.presses("No alert")
    await walk.asks(rao, "without telling patient", scan)
    await rao.presses("In words", on="without telling patient")
    await walk.asks(rao, "Why shall nobody be told", scan)
    await rao.sends("In our ward.")
    await walk.asks(rao, "In our ward", scan)


async def _keeps_a_phrase_and_proposes(walk: Walk, scan: int) -> None:
    rao = walk.clinic.rao
    await rao.presses("To the signature")
    await rao.presses("Keep as my phrase", on="Written down")
    await walk.asks(rao, "Under which short name", scan)
    await rao.sends("air")
    await rao.presses("Propose medicines", on="Written down")
    await walk.asks(rao, "do you propose", scan)
    await rao.sends("/cancel")


async def _comments_on_the_model(walk: Walk) -> None:
    """On a second scan, of which the model is sure: typed conclusion, comment, grave difference, and a rejection."""
    rao = walk.clinic.rao
    unsure = await a_scan(walk.clinic, ScanStatus.AI_ANALYZED, **UNSURE)
    await rao.forges(f"d:{unsure}:conclusion")
    await walk.asks(rao, "What is your own reading", unsure)
    await rao.sends("/cancel")
    sure = await a_scan(walk.clinic, ScanStatus.AI_ANALYZED)
    await rao.forges(f"dx:{sure}:normal_chest")
    await rao.presses("AI: why")
    await walk.asks(rao, "Why is the model right or wrong", sure)
    await rao.sends("It overcalls.")
    await walk.asks(rao, "It overcalls", sure)
    await rao.presses("AI wrong", on="It overcalls")
    await walk.asks(rao, "differ gravely", sure)
    await rao.presses("Better image", on=f"Scan #{sure}")
    await walk.asks(rao, f"Why does scan #{sure}", sure)
    await rao.sends("/cancel")


async def _prescribes(walk: Walk, scan: int) -> None:
    meena = walk.clinic.meena
    await meena.presses("Prescribe", on=f"Scan #{scan}")
    await walk.asks(meena, f"Prescription for scan #{scan}", scan)
    await meena.sends("Tab Paracetamol 2000 mg QID 30 days")
    await walk.asks(meena, "Written down", scan)
    await meena.presses("Go on with a reason")
    await walk.asks(meena, "Why is the prescription right", scan)
    await meena.sends("The ward gives it.")
    await walk.asks(meena, "Written down", scan)
    await meena.presses("Pick from buttons", on="Written down")
    await walk.asks(meena, "how the medicine begins", scan)
    await meena.presses("✏️ 1", on="Written down")
    await walk.asks(meena, "Type the line as it shall be", scan)
    await meena.sends("/cancel")
    await meena.presses("Complete", on="Written down")


async def _releases(walk: Walk, scan: int) -> None:
    joseph = walk.clinic.joseph
    await joseph.presses("Approve", on=f"Scan #{scan}")
    await walk.asks(joseph, "code is on its way", scan)
    mail = await walk.clinic.telegram.mail_to("joseph@example.org")
    assert (_missing(mail.text, scan), mail.subject) == ([], "Your code")
    await joseph.sends(CODE.findall(mail.text)[0])
    await joseph.sees("is released")
    await walk.clinic.amina.receives_document(timeout=30)


async def _amends(walk: Walk, scan: int) -> None:
    rao, joseph = walk.clinic.rao, walk.clinic.joseph
    await rao.presses("Addendum", on=f"Scan #{scan}")
    await walk.asks(rao, "What shall be added", scan)
    await rao.sends("/cancel")
    await rao.presses("Amend", on=f"Scan #{scan}")
    for words in ("Why must it be changed", "as they should be", "what does it mean", "what shall happen next"):
        await walk.asks(rao, words, scan)
        await rao.sends("Pneumothorax on the right.")
    await walk.asks(rao, "what should the patient do", scan)
    await rao.presses("no action", on="what should the patient do")
    await walk.asks(rao, "contradicts itself", scan)
    await rao.presses("urgent", on="contradicts itself")
    await walk.asks(joseph, "asks to change the report", scan)
    await an_hour_passes_for_codes(walk.clinic)
    earlier = (await walk.clinic.telegram.mails("joseph@example.org"))[-1]
    await joseph.presses("Approve", on="asks to change")
    await walk.asks(joseph, "code is on its way", scan)
    mail = await walk.clinic.telegram.mail_to("joseph@example.org", after=earlier)
    assert (_missing(mail.text, scan), mail.subject) == ([], "Your code")


@pytest.mark.slow
async def test_every_question_draft_and_code_names_name_birth_date_number_and_scan(clinic: Clinic) -> None:
    """The story comes through each state of the signing forms; then no message with a signing button is nameless."""
    walk = Walk(clinic)
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED, **UNSURE)
    await _reads(walk, scan)
    await _keeps_a_phrase_and_proposes(walk, scan)
    await _gives_reasons(walk, scan)
    await clinic.rao.presses("Verify", on="In our ward")
    await clinic.rao.presses("Critical", on=f"Scan #{scan}")
    await walk.asks(clinic.joseph, f"Critical result, scan #{scan}", scan)
    await _prescribes(walk, scan)
    await _releases(walk, scan)
    await _amends(walk, scan)
    await _comments_on_the_model(walk)
    await settles(clinic)
    demanded = {state.state for form in SIGNING_FORMS for state in form.__states__}
    assert demanded - walk.states == set()
    for person in (clinic.rao, clinic.meena, clinic.joseph):
        assert _nameless(await person.messages()) == []
