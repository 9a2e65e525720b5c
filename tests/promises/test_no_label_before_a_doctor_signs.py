"""Promise 1: no patient sees an AI label before a doctor has signed."""

import json
import re

from bot.dev.sandbox import Person
from handlers.ui.callbacks import CardAction, OnCard
from models.vocabulary import Label
from tests.support.people import Clinic
from tests.support.steps import sentence_for

COMMANDS = ("/status", "/scans", "/report")
LOOKS = (
    CardAction.OPEN,
    CardAction.HEAT_MAP,
    CardAction.PICTURE,
    CardAction.ORIGINAL,
    CardAction.READ_ALL,
    CardAction.REPORT,
)


async def test_whatever_a_patient_asks_and_presses_no_stage_shows_a_label(clinic: Clinic) -> None:
    """Everything the chat ever showed, edits and pop-ups included, at each stage up to the release.

    The promise ends with the doctor's signature; the chat shows no label until the report, which gives it in context.
    """
    label_pattern = _label_pattern(clinic)
    await clinic.uploads()
    for words in ("/queue", "/model"):
        await clinic.amina.sends(words)
        await clinic.amina.sees(sentence_for(clinic, "error.not_allowed"))
    await clinic.analyses()
    await _tries_everything(clinic.amina)
    await clinic.writes_findings()
    await _tries_everything(clinic.amina)
    assert not await _shown(clinic, clinic.amina, label_pattern)
    assert await _shown(clinic, clinic.rao, label_pattern), (
        "the doctor's chat shows labels, or this test looks for nothing"
    )

    await clinic.rao.presses("Verify", on="Written down")
    await clinic.dispenses()
    await _tries_everything(clinic.amina)
    await clinic.releases()
    await clinic.amina.receives_document(timeout=30)
    assert not await _shown(clinic, clinic.amina, label_pattern)


async def test_a_label_already_known_stays_hidden_when_the_scan_is_rejected(clinic: Clinic) -> None:
    """The doctor asks for a better picture after the analysis: the patient reads the reason and no more."""
    label_pattern = _label_pattern(clinic)
    await clinic.plays("analysed")
    await clinic.rao.presses("Better image")
    await clinic.rao.presses("blurred")
    await clinic.amina.sees("needs a better picture")
    await _tries_everything(clinic.amina)
    assert not await _shown(clinic, clinic.amina, label_pattern)


def _label_pattern(clinic: Clinic) -> re.Pattern[str]:
    """Any word or figure that belongs to a model's answer."""
    texts = clinic.app.services.catalogues.of("en")
    keys = [f"label.{label}" for label in Label] + [f"risk.{risk}" for risk in ("low", "moderate", "high", "unclear")]
    words = {texts.plain(key) for key in keys} | {label.value for label in Label} | {"Uncertain", "nearest", "▰", "🤖"}
    return re.compile("|".join([*map(re.escape, sorted(words)), r"\d\s*%"]), re.IGNORECASE)


async def _tries_everything(person: Person) -> None:
    for words in COMMANDS:
        await person.sends(words)
        await person.sees("")
    for action in LOOKS:
        await person.forges(OnCard(action=action, scan_id=1).pack())


async def _shown(clinic: Clinic, person: Person, label_pattern: re.Pattern[str]) -> list[str]:
    """Such words in anything that the bot ever sent, edited, popped up or drew as a picture in this person's chat."""
    mine = {str(query["id"]) for query in await _presses(clinic, person)}
    found = []
    for call in await clinic.telegram.calls():
        fields = call["fields"]
        if str(fields.get("chat_id")) == str(person.chat_id) or str(fields.get("callback_query_id")) in mine:
            shown_text = json.dumps({name: fields[name] for name in fields if name != "document"}, ensure_ascii=False)
            found += label_pattern.findall(shown_text)
            drawn = fields.get("caption") == sentence_for(clinic, "retake.pictures")  # by us, of no patient
            found += [call["method"]] if call["method"] in {"sendPhoto", "editMessageMedia"} and not drawn else []
    return found


async def _presses(clinic: Clinic, person: Person) -> list[dict[str, object]]:
    """Each press of this person, in the order of the updates."""
    updates = [
        update for call in await clinic.telegram.calls("getUpdates") for update in call["body"].get("result", [])
    ]
    presses = [update["callback_query"] for update in updates if "callback_query" in update]
    return [query for query in presses if query["from"]["id"] == person.chat_id]
