"""Threat: typed text becomes headers or recipients of a mail, or formulas of a spreadsheet."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.channels.email import Email, Mailer
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox
from workflow.audit.spreadsheet import spreadsheet_cell

EVIL = "evil@example.org"
BODIES = [
    f"Dear Amina\r\nBcc: {EVIL}\r\n\r\nhello",
    f"Dear Amina\r\n.\r\nMAIL FROM:<{EVIL}>\r\nRCPT TO:<{EVIL}>\r\nDATA\r\nhello\r\n.\r\n",
    f"Dear Amina\n.\nMAIL FROM:<{EVIL}>\n",
    "Dear =?utf-8?q?Bcc=3A?= ஆமினா",
]
HEADERS = [
    {"to": f"amina@example.org\r\nBcc: {EVIL}"},
    {"to": f"amina@example.org\nBcc: {EVIL}"},
    {"subject": f"Your report\r\nBcc: {EVIL}"},
    {"subject": "Your report\nX-Evil: 1\n\nbody"},
    {"message_id": f"<1@example.org>\r\nBcc: {EVIL}"},
]


@pytest.mark.parametrize("text", BODIES)
async def test_whatever_an_email_contains_stays_its_text(tmp_path: Path, text: str) -> None:
    """One mail, to one person, with our own headers; the text arrives as typed."""
    async with Sandbox() as sandbox:
        await Mailer(demo_settings(sandbox, tmp_path)).send(
            Email("amina@example.org", "Report", text, "<1@example.org>")
        )
        [mail] = sandbox.mailbox.mails
        assert (mail.to, mail.subject) == (("amina@example.org",), "Report")
        assert mail.text.split() == text.split()


@pytest.mark.parametrize("given", HEADERS)
async def test_a_header_with_a_line_of_its_own_is_never_sent(tmp_path: Path, given: dict[str, str]) -> None:
    good = {"to": "amina@example.org", "subject": "Report", "text": "words", "message_id": "<1@example.org>"}
    async with Sandbox() as sandbox:
        with pytest.raises(ValueError, match=r"linefeed|newline|header"):
            await Mailer(demo_settings(sandbox, tmp_path)).send(Email(**(good | given)))
        assert list(sandbox.mailbox.mails) == []


FORMULAS = some.builds(str.__add__, some.sampled_from("=+-@\t\r"), some.text(max_size=40))


@given(value=FORMULAS | some.text(max_size=40))
def test_no_cell_of_the_record_is_a_formula_and_none_loses_a_letter(value: str) -> None:
    """Through a real CSV writer and reader, as a spreadsheet would read it."""
    file = StringIO(newline="")
    csv.writer(file).writerow(["1", spreadsheet_cell(value)])
    [[_, read]] = csv.reader(StringIO(file.getvalue(), newline=""))
    assert read[:1] not in set("=+-@\t\r")
    assert read.removeprefix("'") == value.removeprefix("'")
