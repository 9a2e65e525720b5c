"""Threat: a lock screen, which shows the first line of a message or mail, tells a finding or a patient's name."""

import ast
import re
from collections.abc import Iterator

import pytest

from bot.jobs.notify import PROTECTED, with_neutral_line
from handlers.ui.texts import Catalogues, Html, plain_text
from models.vocabulary import Language, ScanStatus
from tests.support.catalogues import HOSPITAL, sentences
from tests.support.people import Clinic
from tests.support.source import ROOT
from tests.support.steps import a_scan

HEALTH = {
    *("identity", "person", "patient", "content", "words", "impression", "findings", "recommendations", "band"),
    *("question", "answer", "complaint", "medicine", "medicines", "facts", "lines", "override", "text"),
}
FINDINGS = re.compile(
    "covid|pneumonia|pneumothorax|opacit|infection|paracetamol|amina|critical result|see your doctor", re.IGNORECASE
)


def _sent_by_jobs(language: str) -> Iterator[tuple[str, str]]:
    """The sentences that job handlers send, also those whose key ends with a value."""
    known = sentences(language)
    for file in sorted((ROOT / "bot" / "jobs").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in known:
                yield node.value, known[node.value]
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                begun = str(node.values[0].value)
                if re.fullmatch(r"[a-z_]+\.(?:[a-z_]+\.)*[a-z_]*", begun):
                    yield from ((key, text) for key, text in known.items() if key.startswith(begun))


def _is_part(key: str) -> bool:
    """Parts of messages, which never come first: facts of an alarm's list, names of channels, doubts."""
    return key.startswith(("desk.", "doubt.", "correction.identity", "identity")) and key not in {
        *("desk.says", "desk.wanted", "desk.alarm", "desk.alarms", "desk.claimed", "desk.closed", "desk.dismissed"),
    }


@pytest.mark.parametrize("language", Language)
def test_no_first_line_of_a_notice_or_mail_has_room_for_a_finding(language: str) -> None:
    texts = Catalogues(HOSPITAL).of(language)
    sent = {key: text for key, text in _sent_by_jobs(language) if not _is_part(key)}
    assert {"critical.patient", "retake", "mail.code.release", "desk.says", "clarify.to_patient"} <= set(sent)
    told = {key: with_neutral_line(key, Html(text), texts).split("\n")[0] for key, text in sent.items()}
    assert {key: line for key, line in told.items() if set(re.findall(r"\{(\w+)", line)) & HEALTH} == {}
    assert all(told[key].startswith(("🔔", "🚨")) for key in told if key.startswith(PROTECTED))


async def test_the_first_line_of_every_message_of_a_story_is_neutral(clinic: Clinic) -> None:
    """A critical result, and a picture to be taken again."""
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.presses("Pneumothorax, left")
    await clinic.rao.presses("Critical result", on="Written down")
    await clinic.amina.sees("medical care today")
    await clinic.joseph.sees("Critical result, scan #1")
    await clinic.amina.presses("I have read this")
    await clinic.joseph.sees("The patient has read the message")
    await a_scan(clinic, ScanStatus.REJECTED)
    await clinic.amina.sees("needs a better picture")
    for person in (clinic.amina, clinic.joseph):
        lines = [message.text.split("\n")[0] for message in await person.messages() if not message.outgoing]
        assert lines
        assert [line for line in lines if FINDINGS.search(plain_text(line))] == [], person.name
