"""Threat: somebody forges a button, an id or a command that is not theirs."""

from collections.abc import Iterator
from itertools import product

import pytest
from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters.callback_data import CallbackData
from sqlalchemy import select

from bot.dev.sandbox import Person
from handlers.access import DEED
from handlers.routes import routes
from handlers.ui import decisions, keyboards, lessons
from handlers.ui.keyboards import CardAction, OnCard
from models.base import Sessions
from models.tables.audit import AuditRow
from models.tables.people import Role, Sex
from models.tables.scans import Status
from tests.promises.test_nobody_beyond_role_and_ownership import _kept, _moves_in
from tests.support.jobs import settles
from tests.support.people import House, eventually
from tests.support.rows import a_person, a_staff
from tests.support.rows import a_scan as a_row
from tests.support.steps import a_scan, says
from workflow.accounts.staff import Change
from workflow.actors import Actor
from workflow.errors import ClinicError, NotFound
from workflow.permissions import TABLE, Deed, Verb, allow
from workflow.scans import queries
from workflow.transitions import Action

EVERYBODY = ("stranger", "patient", "doctor", "pharmacist", "administrator")
P, D, M, A = EVERYBODY[1:]
# Who may do what, written down a second time by hand; whatever is not here must be nobody's.
MAY: dict[str, tuple[str, ...]] = {
    "talk": EVERYBODY,
    "register": ("stranger",),
    "link": ("stranger",),
    "unlink": (P, D, M, A),
    "unlock": (P, D, M, A),
    "reset_password": EVERYBODY,
    "change_password": (P, D, M, A),
    "see_sessions": (P, D, M, A),
    "set_authenticator": (A,),
    "join": (P, D, M, A),
    "switch_role": (P, D, M, A),
    "speak": (P, D, M, A),
    "see_self": (P, D, M, A),
    "see_own": (P, D, M, A),
    "upload": (P,),
    "describe": (P,),
    "see_queue": (D, M, A),
    "see_scan": (P, D, M, A),
    "see_story": (D, M, A),
    "see_report": (P, D, M, A),
    "see_model": (D, M, A),
    "switch_model": (A,),
    "see_staff": (A,),
    "manage_staff": (A,),
    "invite": (A,),
    "see_audit": (A,),
    "see_draft": (D, M, A),
    "amend": (D,),
    "judge_amendment": (A,),
    "mark_critical": (D,),
    "acknowledge": (P, A),
    "see_undelivered": (A,),
    "send_again": (A,),
    "give_phone": (P,),
    "call_desk": ("stranger", P),
    "see_privacy": (P,),
    "export_self": (P,),
    "forget_self": (P,),
    "serve_desk": (D, M, A),
    "teach_faq": (A,),
    "ask_analysis": (D,),
    "record_analysis": (),
    "write_findings": (D,),
    "verify": (D,),
    "prescribe": (M,),
    "complete": (M,),
    "ask_code": (A,),
    "release": (A,),
    "record_report": (),
    "reject": (D, A),
}
EARLY = ("PENDING_AI", "AI_ANALYZED")
SIGNED = ("DOCTOR_VERIFIED",)
LATE = ("PHARMACIST_COMPLETED", "REPORT_READY", "REJECTED")
REACHED = {D: (*EARLY, *SIGNED, *LATE), M: (*SIGNED, *LATE), A: LATE}
OWN = ("upload", "describe", "see_own")  # these reach nobody else's scan, whatever the role
NO_SCAN = (
    "unlock",
    "reset_password",
    "change_password",
    "see_sessions",
    "set_authenticator",
    "manage_staff",
    "talk",
    "register",
    "link",
    "unlink",
    "join",
    "speak",
    "see_self",
)
NO_SCAN += (
    "see_model",
    "switch_model",
    "see_staff",
    "invite",
    "see_audit",
    "see_undelivered",
    "send_again",
    "give_phone",
)
NO_SCAN += ("call_desk", "serve_desk", "see_privacy", "export_self", "forget_self", "teach_faq", "switch_role")


def handlers(router: Router) -> Iterator[HandlerObject]:
    for observer in (router.message, router.callback_query):
        yield from observer.handlers
    for inner in router.sub_routers:
        yield from handlers(inner)


def somebody(role: str) -> Actor | None:
    return None if role == "stranger" else Actor(1, Role(role))


@pytest.mark.parametrize("handler", list(handlers(routes())), ids=lambda handler: handler.callback.__qualname__)
def test_every_registered_handler_says_what_it_does(handler: HandlerObject) -> None:
    """Decorate it with `@does(Verb.…)` and give the verb its line in workflow.permissions.TABLE."""
    assert handler.flags.get(DEED) in TABLE


@pytest.mark.parametrize("deed", [*Verb, *Action])
def test_the_table_grants_what_was_written_down_by_hand_and_nothing_else(deed: Deed) -> None:
    for role in EVERYBODY:
        try:
            allow(somebody(role), deed)
            allowed = True
        except ClinicError:
            allowed = False
        assert allowed == (role in MAY[deed]), role


@pytest.mark.parametrize("role", EVERYBODY)
def test_what_the_table_does_not_know_is_nobodys(role: str) -> None:
    with pytest.raises(ClinicError):
        allow(somebody(role), None)


async def test_every_deed_reaches_the_scans_that_it_should_and_no_other(sessions: Sessions) -> None:
    """Every deed, every role, own and foreign scans of every stage; foreign looks exactly like missing."""
    async with sessions() as session:
        staff, other = await a_staff(session), await a_staff(session)
        scans = {
            (owner, status.value): (await a_row(session, people, status)).id
            for (owner, people), status in product((("own", staff), ("foreign", other)), Status)
        }
        for role, deed in product(EVERYBODY[1:], (*Verb, *Action)):
            if role not in MAY[deed]:
                continue
            for (owner, status), scan_id in {**scans, ("nobody's", ""): 10**6}.items():
                theirs = owner == "own" and role == P
                expected = theirs if role == P or deed in OWN else status in REACHED[role]
                if deed in NO_SCAN or (deed == "acknowledge" and role == A):  # of these none is critical
                    expected = False
                try:
                    await queries.scan_for(session, scan_id, staff.of(role), deed)
                    found = True
                except NotFound:
                    found = False
                assert found == expected, (role, deed, owner, status)
        stranger = await a_person(session, Role.PATIENT)
        with pytest.raises(NotFound):
            await queries.scan_for(session, scans["own", "REPORT_READY"], stranger)


FORGED: dict[type[CallbackData], tuple[CallbackData, ...]] = {
    OnCard: tuple(OnCard(action=action, scan_id=scan) for action, scan in product(CardAction, (1, 999_999))),
    decisions.OnWords: tuple(
        decisions.OnWords(action=action, scan_id=scan, seen="0" * decisions.MARK)
        for action, scan in product(decisions.SIGN, (1, 999_999))
    ),
    decisions.OnChange: tuple(
        decisions.OnChange(action=action, scan_id=1, number=1) for action in (CardAction.OPEN, *decisions.DECIDE)
    ),
    keyboards.OnReading: tuple(keyboards.OnReading(scan_id=1, opens=part) for part in ("regions", "rest", "lungs")),
    keyboards.Diagnose: (keyboards.Diagnose(scan_id=1, name="normal_chest"),),
    keyboards.InRegion: (keyboards.InRegion(scan_id=1, region="lungs", phrase="nodule"),),
    keyboards.SetBand: (keyboards.SetBand(scan_id=1, band="urgent"),),
    keyboards.AmendBand: (keyboards.AmendBand(band="urgent"),),
    keyboards.SayWhy: (keyboards.SayWhy(scan_id=1, name="missed"),),
    keyboards.Skip: (keyboards.Skip(),),
    keyboards.Reason: (keyboards.Reason(name="blurred"), keyboards.Reason(name="made up")),
    keyboards.Quick: (keyboards.Quick(name="fever"), keyboards.Quick(name="made up")),
    keyboards.ChooseSex: (keyboards.ChooseSex(sex=Sex.MALE),),
    keyboards.InviteTo: tuple(keyboards.InviteTo(role=role) for role in Role),
    keyboards.Accept: (keyboards.Accept(),),
    keyboards.ActAs: tuple(keyboards.ActAs(role=role) for role in Role),
    keyboards.SendAgain: (keyboards.SendAgain(key="report:1:email"), keyboards.SendAgain(key="made up")),
    keyboards.TurnModel: (keyboards.TurnModel(on=False),),
    keyboards.OpenMember: (keyboards.OpenMember(account_id=2),),
    keyboards.ManageMember: tuple(keyboards.ManageMember(account_id=2, change=change) for change in Change),
    keyboards.Noted: (keyboards.Noted(),),
    keyboards.EndSession: (keyboards.EndSession(chat_id=1), keyboards.EndSession(chat_id=700_002)),
    keyboards.OnTicket: tuple(keyboards.OnTicket(action=a, ticket_id=1) for a in keyboards.DeskAction),
    keyboards.ResendCode: (keyboards.ResendCode(),),
    lessons.ShowMisses: (lessons.ShowMisses(page=0),),
    lessons.OnMiss: tuple(lessons.OnMiss(action=a, miss_id=1) for a in lessons.MissAction),
    lessons.TeachTopic: (lessons.TeachTopic(miss_id=1, topic="report", sure=True),),
    lessons.SaveEntry: (lessons.SaveEntry(),),
    lessons.ShowTaught: (lessons.ShowTaught(page=0),),
    lessons.OnPhrase: tuple(lessons.OnPhrase(phrase_id=1, forget=forget) for forget in (False, True)),
    lessons.OnTopic: tuple(lessons.OnTopic(topic="own-1", forget=forget) for forget in (False, True)),
}
REFUSED = ("not_found", "not_allowed", "stale", "not_linked", "invite_invalid", "already_linked")
OPEN = {
    keyboards.ChooseLanguage,
    keyboards.ChooseTopic,
    keyboards.Unlink,
    keyboards.StopWhatsApp,
    keyboards.Consent,
    keyboards.CallHuman,
    keyboards.LeaveDesk,
    keyboards.ExportMe,
    keyboards.ForgetMe,
    keyboards.ConfirmForget,
}  # everybody's own affair


async def test_every_button_there_is_can_be_forged_by_a_stranger_and_another_patient_in_vain(house: House) -> None:
    """All kinds of buttons, found by themselves; each is answered with a refusal and not one row is written."""
    assert set(FORGED) | OPEN == {
        kind for kind in CallbackData.__subclasses__() if kind.__module__.startswith("handlers.")
    }
    await _moves_in(house, "Bela Stranger", "bela@example.org", Role.PATIENT)
    await a_scan(house, Status.PHARMACIST_COMPLETED, patient="bela@example.org")
    nobody = await house.clinic.person("Nobody At All")
    for person in (nobody, house.amina):
        await person.sends("/help")
        await person.sees("")
    await settles(house)
    before = await _kept(house)
    refusals = {says(house, f"error.{key}") for key in REFUSED}
    for person in (nobody, house.amina):
        for button in (one for kind in FORGED.values() for one in kind):
            answer = await person.forges(button.pack(), timeout=30)
            assert answer.text in refusals, (person.name, button)
    assert await _kept(house) == before


@pytest.mark.parametrize(("who", "reason"), [("meena", "not_allowed"), ("amina", "not_found")])
async def test_a_refused_press_is_in_the_record(house: House, who: str, reason: str) -> None:
    """Who, as what, and why not; the second is a patient who opens a scan that is not hers."""
    await _moves_in(house, "Bela Stranger", "bela@example.org", Role.PATIENT)
    await a_scan(house, Status.PHARMACIST_COMPLETED, patient="bela@example.org")
    person: Person = getattr(house, who)
    await person.sends("/help")
    await person.sees("")
    action = CardAction.APPROVE if who == "meena" else CardAction.OPEN
    await person.forges(OnCard(action=action, scan_id=1).pack())
    row = await eventually(
        house.app.clinic.sessions, lambda session: session.scalar(select(AuditRow).where(AuditRow.act == "trespass"))
    )
    assert (row.outcome, row.reason, row.role) == ("refused", reason, person.role)
