"""Promise 6: nobody reads or changes a scan beyond role and ownership, whatever button or id they forge."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import product

import pytest
from sqlalchemy import update

from bot.dev.sandbox import Person
from handlers.ui import callbacks
from handlers.ui.callbacks import CardAction as Do
from handlers.ui.callbacks import OnCard
from models.tables.accounts import Account
from models.tables.scans import Reading, Scan
from models.vocabulary import Role, ScanStatus
from tests.support.jobs import settles
from tests.support.ownership import _kept, _moves_in
from tests.support.people import Clinic
from tests.support.steps import a_scan, actor, button, rows, sentence_for, until
from workflow.accounts import sessions
from workflow.permissions import STAFF
from workflow.scans import reading
from workflow.scans.draft_hash import draft_hash

EARLY, ANALYSED, SIGNED, COMPLETED, REJECTED = (
    ScanStatus.PENDING_AI,
    ScanStatus.AI_ANALYZED,
    ScanStatus.DOCTOR_VERIFIED,
    ScanStatus.PHARMACIST_COMPLETED,
    ScanStatus.REJECTED,
)
STAGES = (EARLY, ANALYSED, SIGNED, COMPLETED, REJECTED)
NOBODYS = (0, -1, 999_999, 2**31, 2**63, 10**30)

# The permissions of each role, a second time by hand; everything else must be refused.
LATER = {SIGNED, COMPLETED}
ALLOWED: Mapping[str, Mapping[Do, set[ScanStatus]]] = {
    "patient": {Do.OPEN: set(STAGES), Do.QUESTIONS: set(STAGES)},
    "doctor": {
        Do.OPEN: set(STAGES),
        Do.READ_ALL: set(STAGES),
        Do.ORIGINAL: set(STAGES),
        Do.VOICE: set(STAGES),
        Do.HEAT_MAP: {ANALYSED, *LATER},
        Do.PICTURE: {ANALYSED, *LATER},
        Do.ANALYSE: {EARLY},
        Do.WRITE_FINDINGS: {ANALYSED},
        Do.VERIFY: {ANALYSED},
        Do.VERIFY_AGREE: {ANALYSED},
        Do.VERIFY_DISAGREE: {ANALYSED},
        Do.BETTER_PICTURE: set(
            STAGES
        ),  # only asks for the reason; the reason itself is checked against the stage, see below
        Do.REJECT: set(STAGES),
        Do.CRITICAL: {ANALYSED, *LATER},  # before a reading exists it asks for findings first
        Do.CORRECT: LATER,
        Do.COMPARE: {ANALYSED, *LATER, REJECTED},  # the first scan has none before it
        Do.QUESTIONS: set(STAGES),
        Do.STAT: {EARLY, ANALYSED, *LATER},
        Do.NOT_STAT: {EARLY, ANALYSED, *LATER},
        Do.PREVIEW: LATER,
        Do.PRELIMINARY: LATER,
    },
    "pharmacist": {
        Do.OPEN: {*LATER, REJECTED},
        Do.READ_ALL: {*LATER, REJECTED},
        Do.ORIGINAL: {*LATER, REJECTED},
        Do.VOICE: {*LATER, REJECTED},
        Do.HEAT_MAP: LATER,
        Do.PICTURE: LATER,
        Do.PRESCRIBE: {SIGNED},
        Do.NO_MEDICINE: {SIGNED},
        Do.COMPLETE: {SIGNED},
        Do.ASK_DOCTOR: LATER,
        Do.ASK_PATIENT: LATER,
        Do.QUESTIONS: {*LATER, REJECTED},
        Do.COMPARE: {COMPLETED, REJECTED},  # the first scan that it sees has none before it
        Do.PREVIEW: LATER,
        Do.PRELIMINARY: LATER,
    },
    "administrator": {
        Do.OPEN: {COMPLETED, REJECTED},
        Do.READ_ALL: {COMPLETED, REJECTED},
        Do.ORIGINAL: {COMPLETED, REJECTED},
        Do.VOICE: {COMPLETED, REJECTED},
        Do.HEAT_MAP: {COMPLETED},
        Do.PICTURE: {COMPLETED},
        Do.APPROVE: {COMPLETED},
        Do.ASK_DOCTOR: {COMPLETED},
        Do.QUESTIONS: {COMPLETED, REJECTED},
        Do.COMPARE: {REJECTED},
        Do.STAT: {COMPLETED},
        Do.NOT_STAT: {COMPLETED},
        Do.PREVIEW: {COMPLETED},
        Do.PRELIMINARY: {COMPLETED},
        Do.BETTER_PICTURE: {COMPLETED, REJECTED},
        Do.REJECT: {COMPLETED, REJECTED},
    },
}


@pytest.fixture
async def bela(clinic: Clinic) -> Person:
    """A second patient, with an account and no scan."""
    return await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_every_press_on_every_scan_by_everybody_without_the_right_is_refused(
    clinic: Clinic, bela: Person
) -> None:
    """All card actions, all roles, own, foreign and unowned scans: a message each, and no row is written."""
    scans = {await a_scan(clinic, stage): stage for stage in STAGES}
    stranger = await clinic.telegram.person("Nobody At All")
    gone = await _moves_in(clinic, "Dr Gone", "gone@example.org", Role.DOCTOR)
    async with clinic.app.services.sessions.begin() as session:
        await sessions.sign_out(session, gone.chat_id, datetime.now(UTC))
    staff = {"patient": clinic.amina, "doctor": clinic.rao, "pharmacist": clinic.meena, "administrator": clinic.joseph}
    for person in (*staff.values(), bela, stranger, gone):
        await person.sends("/start")
        await person.sees("")
    await settles(clinic)
    before, shown = await _kept(clinic), await _shown(clinic)

    forbidden = [
        (person, action, scan)
        for (role, person), action, (scan, stage) in product(staff.items(), Do, scans.items())
        if stage not in ALLOWED[role].get(action, set())
    ]
    signed, nobodys = 3, 999_999
    forbidden += [(person, action, signed) for person, action in product((bela, stranger, gone), Do)]
    forbidden += [(person, action, nobodys) for person, action in product((clinic.amina, clinic.rao), Do)]
    wrong = await _pressed(clinic, forbidden)

    assert wrong == []
    assert await _shown(clinic) == shown, "a refused press brought something into a chat"
    assert await _kept(clinic) == before, "a refused press wrote something"


@pytest.mark.slow
async def test_forged_ids_and_data_of_any_shape_are_answered_kindly(clinic: Clinic, bela: Person) -> None:
    """Ids that do not exist, truncated data, buttons of forms that are not open, other people's forms."""
    await a_scan(clinic, ANALYSED)
    for person in (clinic.rao, bela):
        await person.sends("/start")
        await person.sees("Hello")
    await settles(clinic)
    before = await _kept(clinic)
    odd = [
        "",
        ":",
        "c",
        "c:analyse",
        "c:analyse:",
        "c:analyse:x",
        "c:analyse:1:1",
        "c:nothing:1",
        "C:analyse:1",
        "c:analyse:1e0",
    ]
    odd += ["w:verify:1", "w:verify:1:", "w:verify:1:nothing!", "w:verify:1:0000000", "ch:approve_change:1:x"]
    odd += ["c:analyse:0x1", "c:analyse:١", "x" * 64, "why:blurred", "rx:fever", "sex:male", "resend", "skip", "join"]
    odd += [data for number in NOBODYS for data in (f"c:analyse:{number}", f"w:verify:{number}:00000000")]
    for data in odd:
        for person in (clinic.rao, bela):
            answer = await person.forges(data)
            assert answer.answered, data
            assert "went wrong" not in (answer.text or ""), data
    assert await _kept(clinic) == before


async def test_staff_powers_are_nobody_elses(clinic: Clinic, bela: Person) -> None:
    """Invitations, the list of people, the model's switch: a forged button or a typed command is refused."""
    everybody = (bela, clinic.amina, clinic.rao, clinic.meena)
    forged = [callbacks.InviteTo(role=role).pack() for role in (*STAFF, Role.PATIENT)]
    forged.append(callbacks.SwitchModel(on=False).pack())
    for person in everybody:
        await person.sends("/start")
        await person.sees("Hello")
    before = await _kept(clinic)
    for person in everybody:
        for data in forged:
            answer = await person.forges(data)
            assert answer.text == sentence_for(clinic, "error.not_allowed"), (person.name, data)
        for words in ("/users", "/invite"):
            await person.sends(words)
            await person.sees(sentence_for(clinic, "error.not_allowed"))
    for role in (Role.PATIENT, Role.SYSTEM):  # an administrator cannot invite these roles either
        await clinic.joseph.sends("/start")
        await clinic.joseph.sees("Hello")
        answer = await clinic.joseph.forges(callbacks.InviteTo(role=role).pack())
        assert answer.text == sentence_for(clinic, "error.not_allowed")
    assert await _kept(clinic) == before


@pytest.mark.slow
async def test_a_patient_finds_nothing_of_anothers_scan(clinic: Clinic, bela: Person) -> None:
    """A finished report of patient A: patient B lists, asks and forges, and gets nothing of it."""
    await until(clinic, "released")
    await clinic.amina.receives_document(timeout=30)
    for words, reply in {"/scans": "no scan of yours", "/status": "no scan of yours", "/report": "no finished"}.items():
        await bela.sends(words)
        await bela.sees(reply)
    for action in Do:
        answer = await bela.forges(await button(clinic, action, 1))
        assert answer.text in _refusals(clinic), action
    assert [message for message in await bela.messages() if message.document or message.photo] == []
    assert "Amina" not in " ".join(message.text for message in await bela.messages())


@pytest.mark.slow
async def test_a_form_left_open_dies_with_the_right_to_fill_it(clinic: Clinic) -> None:
    """A doctor begins findings and the reason of a rejection, then loses the role (or signs out)."""
    scan = await a_scan(clinic, ANALYSED)
    await clinic.rao.presses("Write findings")
    await clinic.rao.sees("")
    await _becomes(clinic, "rao@example.org", Role.PATIENT)
    for words in ("Nothing.", "Nothing.", "Nothing."):
        await clinic.rao.sends(words)
        await clinic.rao.sees("")
    assert await rows(clinic, Reading) == []
    await clinic.rao.sends("/cancel")

    await _becomes(clinic, "rao@example.org", Role.DOCTOR)
    await clinic.rao.presses("Better image")
    await clinic.rao.sees("Why does scan")
    await clinic.rao.sends("/unlink")
    await clinic.rao.presses("Yes, separate")
    await clinic.rao.sees("is separated from your account")
    await clinic.rao.sends("It is blurred")
    await clinic.rao.sees("")
    answer = await clinic.rao.forges(callbacks.RetakeReason(name="blurred").pack())
    assert answer.answered
    answer = await clinic.rao.forges(OnCard(action=Do.ANALYSE, scan_id=scan).pack())
    assert answer.text == sentence_for(clinic, "error.not_linked")
    async with clinic.app.services.sessions() as session:
        assert (await session.get_one(Scan, scan)).status is ANALYSED


@pytest.mark.slow
async def test_a_reason_for_a_better_picture_counts_only_where_one_may_be_asked_for(clinic: Clinic) -> None:
    """It is not asked for a signed scan; an answer is checked against the scan's stage by then, and the form ends."""
    signed = await a_scan(clinic, SIGNED)
    answer = await clinic.rao.forges(OnCard(action=Do.BETTER_PICTURE, scan_id=signed).pack())
    assert answer.text == sentence_for(clinic, "error.stale")
    scan = await a_scan(clinic, ANALYSED)
    await clinic.rao.presses("Better image")
    await clinic.rao.sees("Why does scan")
    async with clinic.app.services.sessions.begin() as session:
        doctor, words = (
            await actor(session, "rao@example.org"),
            reading.TypedFindings("Opacities.", "", "", "Infection."),
        )
        draft = await reading.write_findings(session, doctor, scan, words, clinic.app.services.now())
        await reading.verify(session, doctor, scan, draft_hash(draft), clinic.app.services.now())
    await clinic.rao.sends("I want it back")
    await clinic.rao.sees(sentence_for(clinic, "error.stale"))
    async with clinic.app.services.sessions() as session:
        assert (await session.get_one(Scan, scan)).status is SIGNED
    await clinic.rao.sends("hello")
    await clinic.rao.does_not_see(sentence_for(clinic, "error.stale"), within=1)


async def _pressed(clinic: Clinic, presses: Iterable[tuple[Person, Do, int]]) -> list[tuple[str, Do, int, str | None]]:
    """Press them all, per person in sequence, all people at once; returns the presses that were not refused."""
    refusals = _refusals(clinic)
    by_person: dict[int, list[tuple[Person, Do, int]]] = {}
    for press in presses:
        by_person.setdefault(press[0].chat_id, []).append(press)

    async def one_after_another(person: int) -> list[tuple[str, Do, int, str | None]]:
        wrong = []
        for who, action, scan in by_person[person]:
            answer = await who.forges(await button(clinic, action, scan), timeout=30)
            if not (answer.show_alert and answer.text in refusals):
                wrong.append((who.name, action, scan, answer.text))
        return wrong

    return [one for found in await asyncio.gather(*map(one_after_another, by_person)) for one in found]


def _refusals(clinic: Clinic) -> set[str]:
    return {sentence_for(clinic, f"error.{key}") for key in ("not_found", "not_allowed", "stale", "not_linked")}


async def _shown(clinic: Clinic) -> dict[str, list[str]]:
    return {person.name: [one.text for one in await person.messages()] for person in await clinic.telegram.people()}


async def _becomes(clinic: Clinic, email: str, role: Role) -> None:
    async with clinic.app.services.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == email).values(role=role))
