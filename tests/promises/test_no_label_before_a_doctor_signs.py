"""Promise 1: no patient sees an AI label before a doctor has signed."""

import json
import re

from bot.dev.sandbox import Person
from handlers.ui.keyboards import CardAction, OnCard
from inference.model.bundle import Label
from tests.support.people import House
from tests.support.steps import says

ASKED = ("/status", "/scans", "/report")
LOOKS = (CardAction.OPEN, CardAction.HEAT_MAP, CardAction.PICTURE, CardAction.READ_ALL, CardAction.REPORT)


async def test_whatever_a_patient_asks_and_presses_no_stage_shows_a_label(house: House) -> None:
    """Everything the chat ever showed, edits and pop-ups included, at each stage up to the release.

    The promise ends with the doctor's signature; the chat keeps it up to the report, which says it in context."""
    telling = _telling(house)
    await house.uploads()
    for words in ("/queue", "/model"):
        await house.amina.sends(words)
        await house.amina.sees(says(house, "error.not_allowed"))
    await house.analyses()
    await _tries_everything(house.amina)
    await house.writes_findings()
    await _tries_everything(house.amina)
    assert not await _shown(house, house.amina, telling)
    assert await _shown(house, house.rao, telling), "the doctor's chat shows labels, or this test looks for nothing"

    await house.rao.presses("Verify", on="Written down")
    await house.dispenses()
    await _tries_everything(house.amina)
    await house.releases()
    await house.amina.receives_document(timeout=30)
    assert not await _shown(house, house.amina, telling)


async def test_a_label_already_known_stays_hidden_when_the_scan_is_rejected(house: House) -> None:
    """The doctor asks for a better picture after the analysis: the patient reads the reason and no more."""
    telling = _telling(house)
    await house.until("analysed")
    await house.rao.presses("Better image")
    await house.rao.presses("blurred")
    await house.amina.sees("needs a better picture")
    await _tries_everything(house.amina)
    assert not await _shown(house, house.amina, telling)


def _telling(house: House) -> re.Pattern[str]:
    """Any word or figure that a model's answer is made of."""
    texts = house.app.clinic.catalogues.of("en")
    keys = [f"label.{label}" for label in Label] + [f"risk.{risk}" for risk in ("low", "moderate", "high", "unclear")]
    words = {texts.plain(key) for key in keys} | {label.value for label in Label} | {"Uncertain", "nearest", "▰", "🤖"}
    return re.compile("|".join([*map(re.escape, sorted(words)), r"\d\s*%"]), re.IGNORECASE)


async def _tries_everything(person: Person) -> None:
    for words in ASKED:
        await person.sends(words)
        await person.sees("")
    for action in LOOKS:
        await person.forges(OnCard(action=action, scan_id=1).pack())


async def _shown(house: House, person: Person, telling: re.Pattern[str]) -> list[str]:
    """What of it the bot ever sent, edited or popped up in this person's chat, or drew there as a picture."""
    mine = {str(press["id"]) for press in await _presses(house, person)}
    found = []
    for call in await house.clinic.calls():
        fields = call["fields"]
        if str(fields.get("chat_id")) == str(person.chat_id) or str(fields.get("callback_query_id")) in mine:
            told = json.dumps({name: fields[name] for name in fields if name != "document"}, ensure_ascii=False)
            found += telling.findall(told)
            found += [call["method"]] if call["method"] in {"sendPhoto", "editMessageMedia"} else []
    return found


async def _presses(house: House, person: Person) -> list[dict[str, object]]:
    """Each press of this person, as the bot heard of it."""
    heard = [update for call in await house.clinic.calls("getUpdates") for update in call["body"].get("result", [])]
    presses = [update["callback_query"] for update in heard if "callback_query" in update]
    return [press for press in presses if press["from"]["id"] == person.chat_id]
