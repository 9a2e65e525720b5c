"""A chat and a database of the previous release keep working: jobs, forms, buttons, reports, the audit chain."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pyotp
import pytest
import pytest_asyncio
from aiohttp import ClientSession
from babel.messages.pofile import read_po

from bot.app import Engines
from bot.dev.sandbox import Person
from tests.previous_release.restored import Restored, restored

LOCALES: Final = Path(__file__).parents[2] / "handlers" / "locales"
PASSWORD: Final = "demo-clinic"
SECRET: Final = "willow-harbour-93"
JOB_KINDS: Final = """
show_cards show_card show_menu analyse ask_retake mail_code mail_account_exists write_report deliver send_report
mail_report send_voice send_whatsapp tell_undelivered tell_failure call_staff carry_words tell_turn check_drift
try_silently tell_amendment tell_declined write_amendment mark_superseded send_draft tell_critical tell_heard
remove_message tell_authenticator_reset send_export clear_away
"""
STILL_READ: Final = "StillRead"  # SQLite's log cannot be truncated while it is being read: the deletion job is retried
FORMS: Final[tuple[tuple[str, str, str | None], ...]] = (
    # The open form, the input (">…" presses the newest button whose data begins so; "?" is replaced by
    # the secret that the form expects), and the form that is open afterwards.
    ("Registering:name", "Kavya Nair", "Registering:email"),
    ("Registering:email", "kavya.nair@example.org", "Registering:code"),
    ("Registering:code", "?", "Registering:password"),
    ("Registering:password", "river-lantern-42", "Registering:birth"),
    ("Registering:birth", "12.04.1990", "Registering:sex"),
    ("Registering:sex", ">sex:female", "Registering:language"),
    ("Registering:language", ">lang:en", None),
    ("Registering:number", "TN-12345", None),
    ("Linking:email", "devika@example.org", "Linking:password"),
    ("Linking:password", PASSWORD, None),
    ("Unlocking:password", PASSWORD, "Exporting:password"),
    ("Changing:current", PASSWORD, "Changing:new"),
    ("Changing:new", SECRET, None),
    ("Resetting:email", "ezhil@example.org", "Resetting:code"),
    ("Resetting:code", "?", "Resetting:new"),
    ("Resetting:new", SECRET, None),
    ("Exporting:password", PASSWORD, None),
    ("Forgetting:password", PASSWORD, None),
    ("Enrolling:password", PASSWORD, "Enrolling:code"),
    ("Enrolling:code", "?", None),
    ("Enrolling:removal", "?", None),
    ("Consenting:asked", ">agree:1", "Telling:since"),
    ("Joining:number", "PH-4242", None),
    ("Telling:complaint", "Cough", "Telling:since"),
    ("Telling:since", "Two days", None),
    ("Reading:own_reading", "Pneumonia, as I read it.", "Reading:findings"),
    ("Reading:findings", "Opacities.", "Reading:impression"),
    ("Reading:impression", "Infection.", "Reading:recommendations"),
    ("Reading:recommendations", "Rest.", None),
    ("Reading:region", "Clear.", None),
    ("Reading:why", "The wrong side.", None),
    ("Reading:conclusion", "Pneumonia.", None),
    ("Prescribing:lines", "Rest.", "Prescribing:lines"),
    ("Rejecting:reason", "Too dark.", None),
    ("Serving:reply", "On the third floor.", "Serving:reply"),
    ("Teaching:title", "Small things", "Teaching:answer"),
    ("Teaching:other", "Small things", "Teaching:answer"),
    ("Teaching:answer", "Ask at the desk.", "Teaching:phrases"),
    ("Teaching:phrases", "who lends an umbrella", "Teaching:other"),
    ("Teaching:sure", ">te", "Proving:code"),  # an own code comes first, then it is pressed again
    ("Releasing:code", "?", None),
    ("Amending:reason", "The side was named wrongly.", "Amending:findings"),
    ("Amending:findings", "Opacities on the left.", "Amending:impression"),
    ("Amending:impression", "Infection.", "Amending:recommendations"),
    ("Amending:recommendations", "Rest.", "Amending:band"),
    ("Amending:band", ">ab:urgent", None),
    ("Amending:addendum", "The heart is normal.", None),
    ("Amending:code", "?", None),
    ("Managing:code", "?", None),  # suspends Dr Rao, so the doctors' forms come first
    ("Managing:number", "TN-777", "Managing:code"),
)
# Each kind of button, in an order in which none breaks a later one.
BUTTONS: Final = """
bd w:verify_agree w:verify_disagree w:verify w:complete skip ab why rx sex lang resend te agree wy join rg d dx
c:open c:read_all c:heat_map c:picture c:report c:preview c:preliminary c:findings c:critical c:heard c:reached
c:amend c:addendum c:prescribe c:no_medicine c:approve c:reject c:analyse c:better
ch:open ch:approve_change ch:decline_change t:claim t:reply t:close human leave faq
mp ms:open ms:topics ms:entry tt ms:dismiss tp ow ph inv who staff again export forget forget_yes noted
model as nowa end unlink
"""


pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


class Press(NamedTuple):
    """A button of a message that was in a chat before the upgrade."""

    person: Person
    message_id: int
    data: str

    @property
    def kind(self) -> str:
        prefix, _, rest = re.split(r"[:|]", self.data, maxsplit=1)[0], "", self.data.partition(":")[2]
        return f"{prefix}:{rest.partition(':')[0]}" if prefix in {"c", "w", "ch", "t", "ms"} else prefix

    @property
    def number(self) -> str:
        """The scan, ticket, question or account that it is about."""
        return next(filter(str.isdigit, re.split(r"[:|]", self.data)), "")


SHARED: Final = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
async def clinic(tmp_path: Path, engines: Engines) -> AsyncIterator[Restored]:
    async with restored(tmp_path, engines) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, engines: Engines) -> AsyncIterator[Restored]:
    """One for the tests that leave each other's people alone."""
    async with restored(tmp_path_factory.mktemp("shared"), engines) as opened:
        yield opened


@SHARED
async def test_every_job_of_the_previous_release_runs_to_its_end(
    shared: Restored, caplog: pytest.LogCaptureFixture
) -> None:
    pending = {job.id: job.kind for job in shared.jobs()}
    last = max(pending)
    await shared.settles()
    assert [(job.kind, job.error) for job in shared.jobs() if job.error or not job.ended] == []
    assert [record.error for record in caplog.records if record.levelname != "INFO"] in ([], [STILL_READ])
    assert last < max(job.id for job in shared.jobs())
    done = shared.query("SELECT DISTINCT kind FROM jobs WHERE tried_at IS NOT NULL")
    assert {kind for (kind,) in done} >= set(JOB_KINDS.split())


@SHARED
async def test_what_was_pending_at_the_upgrade_reaches_people_after_it(shared: Restored) -> None:
    amina, ezhil = await shared.named("Amina Yusuf"), await shared.named("Ezhil Kumar")
    await amina.sees("heat map")  # requested while the bot was stopped
    for who in (amina, ezhil):
        assert (await _new_document(shared, who)).startswith(b"%PDF")
    await shared.telegram.mail_to("meena@example.org", "new password", timeout=60)
    await shared.telegram.mail_to("latha@example.org", timeout=60)


@SHARED
async def test_the_report_of_the_previous_release_verifies(shared: Restored) -> None:
    rows = shared.query("SELECT number, token, version, scan_id FROM reports ORDER BY id")
    latest = {scan: version for _, _, version, scan in rows}
    async with ClientSession() as http:
        for number, token, version, scan in rows:
            async with http.get(f"{shared.address}/verify/{token}?lang=en") as answer:
                page = await answer.text()
            assert answer.status == 200
            assert number in page
            assert ("is valid" in page) is (version == latest[scan])
    amina = await shared.named("Amina Yusuf")
    file = shared.data / "report.pdf"
    file.write_bytes(await _asked_report(shared, amina))
    assert "All three signatures are sound." in await shared.command("report", "verify", str(file))


@SHARED
async def test_the_audit_chain_of_the_previous_release_is_whole_and_goes_on(shared: Restored) -> None:
    [(before,)] = shared.query("SELECT max(seq) FROM audit")
    amina = await shared.named("Amina Yusuf")
    await _asked_report(shared, amina)
    assert "The audit chain is whole" in await shared.command("audit", "verify")
    [(after,)] = shared.query("SELECT max(seq) FROM audit")
    assert after > before > 100


@SHARED
async def test_a_phrase_taught_to_the_previous_release_is_answered(shared: Restored) -> None:
    stranger = await shared.telegram.person("Somebody new")
    await stranger.sends("Is there parking for scooters??")
    answer = await stranger.sees("")
    assert "☎" in answer.text


async def test_a_half_filled_form_of_the_previous_release_goes_on(
    clinic: Restored, caplog: pytest.LogCaptureFixture
) -> None:
    open_forms = {(one["state"], one["chat_id"]): one["typed"] for one in clinic.saved["forms"]}
    assert {state for state, _ in open_forms} == {state for state, _, _ in FORMS}
    stuck = []
    for state, words, following in FORMS:
        for (_, chat_id), typed in ((key, typed) for key, typed in open_forms.items() if key[0] == state):
            person = await clinic.person(chat_id)
            if refused := await _goes_on(clinic, person, state, _typed(state, words, typed), following):
                stuck.append((state, refused))
    assert stuck == [], "\n".join(map(str, stuck))
    assert _faults(caplog) == []


async def _goes_on(clinic: Restored, person: Person, state: str, words: str, following: str | None) -> str | None:
    """Answer the open form; returns the faults, if any."""
    if clinic.form(person.chat_id) != state:
        return f"was open as {clinic.form(person.chat_id)}"
    await person.looks_away()
    if words.startswith(">"):
        [*_, press] = [one for one in await _buttons(person) if one.data.startswith(words[1:])]
        await person.forges(press.data, press.message_id)
    else:
        await person.sends(words)
    try:
        await clinic.reaches(person.chat_id, following)
    except TimeoutError:
        return f"stays at {clinic.form(person.chat_id)}: {[one.text for one in (await person.messages())[-2:]]}"
    replies = [one.text for one in await person.messages() if not one.outgoing and one.event > person.mark]
    return next(filter(_is_refusal, replies), None)


def _typed(state: str, words: str, secret: str | None) -> str:
    if words != "?":
        return words
    assert secret is not None
    return pyotp.TOTP(secret).at(datetime.now(UTC)) if state == "Enrolling:code" else secret


async def test_every_button_of_the_previous_release_does_its_work_or_says_that_it_is_old(
    clinic: Restored, caplog: pytest.LogCaptureFixture
) -> None:
    await clinic.settles()
    old = [
        press for one in await clinic.telegram.people() for press in await _buttons(one, clinic.saved["last_message"])
    ]
    assert {press.kind for press in old} >= set(BUTTONS.split()), "cards are redrawn, with further buttons"
    assert [kind for kind in BUTTONS.split() if not await _one_accepted(kind, old)] == []
    account = dict(clinic.query("SELECT chat_id, account_id FROM links"))
    left = {(account.get(press.person.chat_id), press.kind, press.number): press for press in old}
    for press in left.values():  # of buttons that differ only in what they choose, one
        assert (await press.person.forges(press.data, press.message_id)).answered, press.data
    assert _faults(caplog) == []


async def _one_accepted(kind: str, old: list[Press]) -> bool:
    """Press buttons of this kind, newest first, until one is accepted; pressed buttons leave the list."""
    for press in [press for press in reversed(old) if press.kind == kind]:
        answer = await press.person.forges(press.data, press.message_id)
        assert answer.answered, press.data
        old.remove(press)
        if not _is_refusal(answer.text or ""):
            return True
    return False


async def _buttons(person: Person, last: int | None = None) -> list[Press]:
    """Every button in the chat, oldest first, of messages up to the given one."""
    return [
        Press(person, message.id, key.data)
        for message in await person.messages()
        if not message.outgoing and (last is None or message.id <= last)
        for key in message.keys
        if key.data
    ]


async def _asked_report(clinic: Restored, person: Person) -> bytes:
    last = max(message.id for message in await person.messages())
    await person.sends("/report")
    return await _new_document(clinic, person, last)


async def _new_document(clinic: Restored, person: Person, after: int = 0, within: float = 60) -> bytes:
    """The first file after this message and the upgrade; the captions of older ones are edited meanwhile."""
    async with asyncio.timeout(within):
        while True:
            for message in await person.messages():
                if message.id > max(after, clinic.saved["last_message"]) and message.document:
                    return await message.download()
            await asyncio.sleep(0.1)


def _faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        f"{record.message}: {record.error}"
        for record in caplog.records
        if record.levelname != "INFO" and getattr(record, "error", "") != STILL_READ
    ]


@cache
def _refusals() -> re.Pattern[str]:
    """Every refusal message, in every language."""
    return re.compile("|".join(_sentences("error.")))


def _sentences(begins: str) -> Iterable[str]:
    for folder in LOCALES.iterdir():
        with (folder / "csss.po").open("rb") as file:
            for message in read_po(file):
                if str(message.id).startswith(begins):
                    plain = re.escape(str(message.string))
                    yield re.sub(r"\\{\w+\\}", ".*", plain)


def _is_refusal(replies: str) -> bool:
    return _refusals().fullmatch(replies) is not None
