"""Promise 6: nobody reads or moves what role and ownership do not allow, whatever button or id they forge."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import product

import pytest
from sqlalchemy import func, select, update

from bot.dev.sandbox import Person
from handlers.ui import keyboards
from handlers.ui.keyboards import CardAction as Do
from handlers.ui.keyboards import OnCard
from models.tables.amendments import Amendment
from models.tables.chats import Form
from models.tables.codes import Code
from models.tables.jobs import Job
from models.tables.people import Account, HeldRole, Invite, Link, Role, Sex
from models.tables.quality import Switch
from models.tables.scans import Critical, Finding, Prescription, Reading, Report, Scan, ScanEvent, Status
from tests.support.jobs import settles
from tests.support.people import House
from tests.support.steps import a_scan, button, rows, says
from workflow.accounts import registration
from workflow.permissions import STAFF

KEPT = (
    Amendment,
    Scan,
    Finding,
    Reading,
    Prescription,
    Critical,
    Report,
    ScanEvent,
    Code,
    Invite,
    Account,
    HeldRole,
    Link,
    Form,
    Switch,
)
EARLY, ANALYSED, SIGNED, COMPLETED, REJECTED = (
    Status.PENDING_AI,
    Status.AI_ANALYZED,
    Status.DOCTOR_VERIFIED,
    Status.PHARMACIST_COMPLETED,
    Status.REJECTED,
)
STAGES = (EARLY, ANALYSED, SIGNED, COMPLETED, REJECTED)
NOBODYS = (0, -1, 999_999, 2**31, 2**63, 10**30)

# What each role may do, written down a second time by hand; everything else must be refused.
LATER = {SIGNED, COMPLETED}
ALLOWED: Mapping[str, Mapping[Do, set[Status]]] = {
    "patient": {Do.OPEN: set(STAGES)},
    "doctor": {
        Do.OPEN: set(STAGES),
        Do.READ_ALL: set(STAGES),
        Do.HEAT_MAP: {ANALYSED, *LATER},
        Do.PICTURE: {ANALYSED, *LATER},
        Do.ANALYSE: {EARLY},
        Do.FINDINGS: {ANALYSED},
        Do.VERIFY: {ANALYSED},
        Do.VERIFY_AGREE: {ANALYSED},
        Do.VERIFY_DISAGREE: {ANALYSED},
        Do.BETTER: set(STAGES),  # only asks for the reason; the reason itself is judged by stage, see below
        Do.REJECT: set(STAGES),
        Do.CRITICAL: {ANALYSED, *LATER},  # where nothing is read yet it asks for findings first
        Do.PREVIEW: LATER,
        Do.PRELIMINARY: LATER,
    },
    "pharmacist": {
        Do.OPEN: {*LATER, REJECTED},
        Do.READ_ALL: {*LATER, REJECTED},
        Do.HEAT_MAP: LATER,
        Do.PICTURE: LATER,
        Do.PRESCRIBE: {SIGNED},
        Do.NO_MEDICINE: {SIGNED},
        Do.COMPLETE: {SIGNED},
        Do.PREVIEW: LATER,
        Do.PRELIMINARY: LATER,
    },
    "administrator": {
        Do.OPEN: {COMPLETED, REJECTED},
        Do.READ_ALL: {COMPLETED, REJECTED},
        Do.HEAT_MAP: {COMPLETED},
        Do.PICTURE: {COMPLETED},
        Do.APPROVE: {COMPLETED},
        Do.PREVIEW: {COMPLETED},
        Do.PRELIMINARY: {COMPLETED},
        Do.BETTER: {COMPLETED, REJECTED},
        Do.REJECT: {COMPLETED, REJECTED},
    },
}


@pytest.fixture
async def bela(house: House) -> Person:
    """A second patient, with an account and no scan."""
    return await _moves_in(house, "Bela Stranger", "bela@example.org", Role.PATIENT)


async def test_every_press_on_every_scan_by_everybody_without_the_right_is_refused(house: House, bela: Person) -> None:
    """All card actions, all roles, own, foreign and nobody's scans: a sentence each, and not one row is written."""
    scans = {await a_scan(house, stage): stage for stage in STAGES}
    stranger = await house.clinic.person("Nobody At All")
    gone = await _moves_in(house, "Dr Gone", "gone@example.org", Role.DOCTOR)
    async with house.app.clinic.sessions.begin() as session:
        await registration.unlink(session, gone.chat_id, datetime.now(UTC))
    staff = {"patient": house.amina, "doctor": house.rao, "pharmacist": house.meena, "administrator": house.joseph}
    for person in (*staff.values(), bela, stranger, gone):
        await person.sends("/start")
        await person.sees("")
    await settles(house)
    before, shown = await _kept(house), await _shown(house)

    forbidden = [
        (person, action, scan)
        for (role, person), action, (scan, stage) in product(staff.items(), Do, scans.items())
        if stage not in ALLOWED[role].get(action, set())
    ]
    signed, nobodys = 3, 999_999
    forbidden += [(person, action, signed) for person, action in product((bela, stranger, gone), Do)]
    forbidden += [(person, action, nobodys) for person, action in product((house.amina, house.rao), Do)]
    wrong = await _pressed(house, forbidden)

    assert wrong == []
    assert await _shown(house) == shown, "a refused press brought something into a chat"
    assert await _kept(house) == before, "a refused press wrote something"


async def test_forged_ids_and_data_of_any_shape_are_answered_kindly(house: House, bela: Person) -> None:
    """Numbers that no database holds, halves of buttons, buttons of forms that are not open, other people's forms."""
    await a_scan(house, ANALYSED)
    for person in (house.rao, bela):
        await person.sends("/start")
        await person.sees("Hello")
    await settles(house)
    before = await _kept(house)
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
        for person in (house.rao, bela):
            answer = await person.forges(data)
            assert answer.answered, data
            assert "went wrong" not in (answer.text or ""), data
    assert await _kept(house) == before


async def test_staff_powers_are_nobody_elses(house: House, bela: Person) -> None:
    """Inviting, the list of people, the switch of the model: a forged button or a typed command is not enough."""
    everybody = (bela, house.amina, house.rao, house.meena)
    forged = [keyboards.InviteTo(role=role).pack() for role in (*STAFF, Role.PATIENT)]
    forged.append(keyboards.TurnModel(on=False).pack())
    for person in everybody:
        await person.sends("/start")
        await person.sees("Hello")
    before = await _kept(house)
    for person in everybody:
        for data in forged:
            answer = await person.forges(data)
            assert answer.text == says(house, "error.not_allowed"), (person.name, data)
        for words in ("/users", "/invite"):
            await person.sends(words)
            await person.sees(says(house, "error.not_allowed"))
    for role in (Role.PATIENT, Role.SYSTEM):  # an administrator cannot invite these either
        await house.joseph.sends("/start")
        await house.joseph.sees("Hello")
        answer = await house.joseph.forges(keyboards.InviteTo(role=role).pack())
        assert answer.text == says(house, "error.not_allowed")
    assert await _kept(house) == before


async def test_a_patient_finds_nothing_of_anothers_scan(house: House, bela: Person) -> None:
    """A finished report of patient A: patient B lists, asks and forges, and holds nothing of it."""
    await house.until("released")
    await house.amina.receives_document(timeout=30)
    for words, said in {"/scans": "no scan of yours", "/status": "no scan of yours", "/report": "no finished"}.items():
        await bela.sends(words)
        await bela.sees(said)
    for action in Do:
        answer = await bela.forges(await button(house, action, 1))
        assert answer.text in _refusals(house), action
    assert [message for message in await bela.messages() if message.document or message.photo] == []
    assert "Amina" not in " ".join(message.text for message in await bela.messages())


async def test_a_form_left_open_dies_with_the_right_to_fill_it(house: House) -> None:
    """A doctor begins findings and the reason of a rejection, then is no doctor (or not in this chat) any more."""
    scan = await a_scan(house, ANALYSED)
    await house.rao.presses("Write findings")
    await house.rao.sees("")
    await _becomes(house, "rao@example.org", Role.PATIENT)
    for words in ("Nothing.", "Nothing.", "Nothing."):
        await house.rao.sends(words)
        await house.rao.sees("")
    assert await rows(house, Reading) == []
    await house.rao.sends("/cancel")

    await _becomes(house, "rao@example.org", Role.DOCTOR)
    await house.rao.presses("Better image")
    await house.rao.sees("Why does scan")
    await house.rao.sends("/unlink")
    await house.rao.presses("Yes, separate")
    await house.rao.sees("is separated from your account")
    await house.rao.sends("It is blurred")
    await house.rao.sees("")
    answer = await house.rao.forges(keyboards.Reason(name="blurred").pack())
    assert answer.answered
    answer = await house.rao.forges(OnCard(action=Do.ANALYSE, scan_id=scan).pack())
    assert answer.text == says(house, "error.not_linked")
    async with house.app.clinic.sessions() as session:
        assert (await session.get_one(Scan, scan)).status is ANALYSED


async def test_a_reason_for_a_better_picture_counts_only_where_one_may_be_asked_for(house: House) -> None:
    """The question may be opened late; the answer is judged by where the scan then stands, and the form ends."""
    scan = await a_scan(house, SIGNED)
    await house.rao.sends("/start")
    await house.rao.sees("Hello")
    await house.rao.forges(OnCard(action=Do.BETTER, scan_id=scan).pack())
    await house.rao.sees("Why does scan")
    await house.rao.sends("I want it back")
    await house.rao.sees(says(house, "error.stale"))
    async with house.app.clinic.sessions() as session:
        assert (await session.get_one(Scan, scan)).status is SIGNED
    await house.rao.sends("hello")
    await house.rao.does_not_see(says(house, "error.stale"), within=1)


async def _pressed(house: House, presses: Iterable[tuple[Person, Do, int]]) -> list[tuple[str, Do, int, str | None]]:
    """Press them all, each person one after another and all people at once; those that were not refused in words."""
    refusals = _refusals(house)
    by_person: dict[int, list[tuple[Person, Do, int]]] = {}
    for press in presses:
        by_person.setdefault(press[0].chat_id, []).append(press)

    async def one_after_another(person: int) -> list[tuple[str, Do, int, str | None]]:
        wrong = []
        for who, action, scan in by_person[person]:
            answer = await who.forges(await button(house, action, scan), timeout=30)
            if not (answer.show_alert and answer.text in refusals):
                wrong.append((who.name, action, scan, answer.text))
        return wrong

    return [one for found in await asyncio.gather(*map(one_after_another, by_person)) for one in found]


def _refusals(house: House) -> set[str]:
    return {says(house, f"error.{key}") for key in ("not_found", "not_allowed", "stale", "not_linked")}


async def _kept(house: House) -> tuple[object, ...]:
    async with house.app.clinic.sessions() as session:
        owed = await session.scalar(select(func.count()).select_from(Job))
    return (owed, *await rows(house, *KEPT))


async def _shown(house: House) -> dict[str, list[str]]:
    return {person.name: [one.text for one in await person.messages()] for person in await house.clinic.people()}


async def _moves_in(house: House, name: str, email: str, role: Role) -> Person:
    person, now = await house.clinic.person(name), datetime.now(UTC)
    told = registration.Person(name, email, "no password opens this", "en", None, Sex.UNKNOWN)
    async with house.app.clinic.sessions.begin() as session:
        await registration.add_staff(session, told, role, now)
        await registration.link(session, person.chat_id, email, now)
    await person.sends("/start")
    await person.sees("Hello")
    return person


async def _becomes(house: House, email: str, role: Role) -> None:
    async with house.app.clinic.sessions.begin() as session:
        await session.execute(update(Account).where(Account.email == email).values(role=role))
