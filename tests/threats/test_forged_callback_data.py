"""Threat: a forged button, id or command of another person."""

from collections.abc import Iterator
from itertools import product

import pytest
from aiogram import Router
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.filters.callback_data import CallbackData
from sqlalchemy import select

from bot.dev.sandbox import Person
from handlers.access import PERMISSION_FLAG
from handlers.routes import routes
from handlers.ui import callbacks
from handlers.ui.callbacks import (
    CardAction,
    OnCard,
    account,
    claim,
    clarification,
    consistency,
    credentials,
    desk,
    family,
    faq,
    form,
    history,
    prescription,
    reading,
    urgency,
    walk_in,
    worklist,
)
from models.base import Sessions
from models.tables.audit import AuditRow
from models.vocabulary import Relation, Role, ScanStatus, Sex
from tests.support.jobs import settles
from tests.support.ownership import _kept, _moves_in
from tests.support.people import Clinic, eventually
from tests.support.rows import a_person, a_staff
from tests.support.rows import a_scan as a_row
from tests.support.steps import a_scan, sentence_for
from workflow.accounts.staff import StaffChange
from workflow.actors import Actor
from workflow.errors import NotFound, WorkflowError
from workflow.permissions import GRANTS, Operation, Permission, authorize
from workflow.queue.worklist import QueueFilter
from workflow.scans import draft_hash, queries
from workflow.scans.reading import Reason
from workflow.transitions import Action

EVERYBODY = ("stranger", "patient", "doctor", "pharmacist", "administrator")
P, D, M, A = EVERYBODY[1:]
# Permissions by role, a second time by hand; a permission missing here must be granted to nobody.
MAY: dict[str, tuple[str, ...]] = {
    "talk": EVERYBODY,
    "register": ("stranger",),
    "link": ("stranger",),
    "unlink": (P, D, M, A),
    "unlock": (P, D, M, A),
    "reset_password": EVERYBODY,
    "change_password": (P, D, M, A),
    "see_sessions": (P, D, M, A),
    "link_chat": (P,),
    "open_browser": (P, D, M, A),
    "export_lists": (A,),
    "set_hours": (A,),
    "correct_self": (P,),
    "set_email": (P,),
    "set_authenticator": (A,),
    "join": (P, D, M, A),
    "prove": (D, M, A),
    "deny_change": EVERYBODY,
    "switch_role": (P, D, M, A),
    "speak": EVERYBODY,
    "see_self": (P, D, M, A),
    "see_own": (P, D, M, A),
    "upload": (P,),
    "describe": (P,),
    "see_queue": (D, M, A),
    "see_day": (D,),
    "see_scan": (P, D, M, A),
    "see_story": (D, M, A),
    "find_patient": (D, M, A),
    "see_report": (P, D, M, A),
    "see_model": (D, M, A),
    "switch_model": (A,),
    "see_staff": (A,),
    "see_week": (A,),
    "manage_staff": (A,),
    "invite": (A,),
    "see_audit": (A,),
    "see_draft": (D, M, A),
    "amend": (D,),
    "judge_amendment": (A,),
    "claim_scan": (D, M, A),
    "mark_critical": (D,),
    "ask_clarification": (M, A),
    "answer_clarification": (P, D),
    "acknowledge": (P, A),
    "set_stat": (D, A),
    "see_undelivered": (A,),
    "send_again": (A,),
    "give_phone": (P,),
    "give_facts": (P,),
    "call_desk": ("stranger", P),
    "see_privacy": (P,),
    "export_self": (P,),
    "forget_self": (P,),
    "withdraw_consent": (P, A),
    "serve_desk": (D, M, A),
    "teach_faq": (A,),
    "manage_family": (P,),
    "serve_walk_ins": (A,),
    "print_report": (A,),
    "issue_slip": (A,),
    "claim_file": ("stranger", P),
    "ask_analysis": (D,),
    "record_analysis": (),
    "write_findings": (D,),
    "verify": (D,),
    "prescribe": (M,),
    "complete": (M,),
    "countersign": (D,),
    "correct": (D,),
    "confirm": (M,),
    "ask_code": (A,),
    "release": (A,),
    "record_report": (),
    "reject": (D, A),
}
EARLY = ("PENDING_AI", "AI_ANALYZED")
SIGNED = ("DOCTOR_VERIFIED",)
LATE = ("PHARMACIST_COMPLETED", "REPORT_READY", "REJECTED")
REACHED = {D: (*EARLY, *SIGNED, *LATE), M: (*SIGNED, *LATE), A: LATE}
OWN = ("upload", "describe", "see_own")  # these reach no other person's scan, whatever the role
NO_SCAN = (
    "unlock",
    "prove",
    "deny_change",
    "reset_password",
    "change_password",
    "see_sessions",
    "link_chat",
    "open_browser",
    "export_lists",
    "correct_self",
    "set_email",
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
    "see_day",
    "see_model",
    "switch_model",
    "see_staff",
    "see_week",
    "invite",
    "see_audit",
    "see_undelivered",
    "send_again",
    "give_phone",
)
NO_SCAN += (
    "give_facts",
    "call_desk",
    "serve_desk",
    "see_privacy",
    "export_self",
    "forget_self",
    "withdraw_consent",
    "teach_faq",
    "switch_role",
    "manage_family",
    "serve_walk_ins",
    "issue_slip",
    "claim_file",
    "set_hours",
)


def handlers(router: Router) -> Iterator[HandlerObject]:
    for observer in (router.message, router.edited_message, router.callback_query):
        yield from observer.handlers
    for inner in router.sub_routers:
        yield from handlers(inner)


def somebody(role: str) -> Actor | None:
    return None if role == "stranger" else Actor(1, Role(role))


def test_every_registered_handler_requires_a_permission() -> None:
    """Decorate it with `@requires(Permission.…)` and add the permission to workflow.permissions.GRANTS."""
    registered = list(handlers(routes()))
    assert len(registered) > 100
    open_to_all = [one.callback.__qualname__ for one in registered if one.flags.get(PERMISSION_FLAG) not in GRANTS]
    assert open_to_all == []


def is_allowed(role: str, operation: Operation) -> bool:
    try:
        authorize(somebody(role), operation)
    except WorkflowError:
        return False
    return True


def test_the_table_grants_what_was_written_down_by_hand_and_nothing_else() -> None:
    granted = {one: {role for role in EVERYBODY if is_allowed(role, one)} for one in (*Permission, *Action)}
    assert granted == {one: set(MAY[one]) for one in (*Permission, *Action)}


@pytest.mark.parametrize("role", EVERYBODY)
def test_what_the_table_does_not_know_is_nobodys(role: str) -> None:
    with pytest.raises(WorkflowError):
        authorize(somebody(role), None)


@pytest.mark.slow
async def test_every_permission_reaches_the_scans_that_it_should_and_no_other(sessions: Sessions) -> None:
    """Every permission, every role, own and foreign scans of every stage; foreign looks exactly like missing."""
    async with sessions() as session:
        staff, other = await a_staff(session), await a_staff(session)
        scans = {
            (owner, status.value): (await a_row(session, people, status)).id
            for (owner, people), status in product((("own", staff), ("foreign", other)), ScanStatus)
        }
        for role, operation in product(EVERYBODY[1:], (*Permission, *Action)):
            if role not in MAY[operation]:
                continue
            for (owner, status), scan_id in {**scans, ("nobody's", ""): 10**6}.items():
                theirs = owner == "own" and role == P
                expected = theirs if role == P or operation in OWN else status in REACHED[role]
                if operation in NO_SCAN or (operation == "acknowledge" and role == A):  # of these none is critical
                    expected = False
                try:
                    await queries.scan_for(session, scan_id, staff.of(role), operation)
                    found = True
                except NotFound:
                    found = False
                assert found == expected, (role, operation, owner, status)
        stranger = await a_person(session, Role.PATIENT)
        with pytest.raises(NotFound):
            await queries.scan_for(session, scans["own", "REPORT_READY"], stranger)


FORGED: dict[type[CallbackData], tuple[CallbackData, ...]] = {
    OnCard: tuple(OnCard(action=action, scan_id=scan) for action, scan in product(CardAction, (1, 999_999))),
    callbacks.SignText: tuple(
        callbacks.SignText(action=action, scan_id=scan, draft_hash="0" * draft_hash.DRAFT_HASH_DIGITS)
        for action, scan in product(callbacks.SIGNING_ACTIONS, (1, 999_999))
    ),
    callbacks.OnAmendment: tuple(
        callbacks.OnAmendment(action=action, scan_id=1, number=1)
        for action in (CardAction.OPEN, *callbacks.AMENDMENT_DECISIONS)
    ),
    callbacks.OnReading: tuple(callbacks.OnReading(scan_id=1, part=part) for part in ("regions", "rest", "lungs")),
    urgency.AnswerUrgency: tuple(urgency.AnswerUrgency(now=now, question_id=999_999) for now in (True, False)),
    callbacks.Diagnose: (callbacks.Diagnose(scan_id=1, name="normal_chest"),),
    callbacks.SetPhrase: (callbacks.SetPhrase(scan_id=1, region="lungs", phrase="nodule"),),
    callbacks.SetBand: (callbacks.SetBand(scan_id=1, band="urgent"),),
    reading.AmendBand: (reading.AmendBand(band="urgent"),),
    reading.SetModelComment: (reading.SetModelComment(scan_id=1, name="missed"),),
    consistency.GiveReason: tuple(consistency.GiveReason(scan_id=1, about=about, name="known") for about in Reason),
    consistency.SignDifferent: (consistency.SignDifferent(scan_id=1, draft_hash="0" * draft_hash.DRAFT_HASH_DIGITS),),
    account.ChooseNumber: (account.ChooseNumber(code_id=1, number=42),),
    account.DecideChat: tuple(account.DecideChat(code_id=1, yes=yes) for yes in (True, False)),
    history.CompareWith: (history.CompareWith(scan_id=1, earlier_id=1),),
    history.CloseAsSame: (history.CloseAsSame(scan_id=1),),
    history.SamePicture: (history.SamePicture(scan_id=1, same=True),),
    family.TakeBackConsent: tuple(family.TakeBackConsent(patient_id=2, sure=sure) for sure in (True, False)),
    history.OpenPatient: (history.OpenPatient(account_id=1),),
    claim.TakeOver: (claim.TakeOver(scan_id=1, holder=2),),
    clarification.AskReady: (clarification.AskReady(topic="allergies"),),
    clarification.AnswerClarification: (clarification.AnswerClarification(scan_id=1, number=1),),
    clarification.ChooseAnswer: (clarification.ChooseAnswer(scan_id=1, number=1, value="none"),),
    clarification.WithdrawClarification: (clarification.WithdrawClarification(scan_id=1, number=1),),
    clarification.CancelClarification: (clarification.CancelClarification(),),
    worklist.ShowQueue: tuple(worklist.ShowQueue(part=part) for part in QueueFilter),
    callbacks.Skip: (callbacks.Skip(),),
    form.ToggleComplaint: (form.ToggleComplaint(name="cough"),),
    form.ComplaintDone: (form.ComplaintDone(),),
    form.DescribeScan: (form.DescribeScan(scan_id=1),),
    form.ChooseSince: (form.ChooseSince(name="days"),),
    callbacks.RetakeReason: (callbacks.RetakeReason(name="blurred"), callbacks.RetakeReason(name="made up")),
    prescription.UseTemplate: tuple(prescription.UseTemplate(name=name) for name in ("fever", "made up")),
    prescription.RemoveLine: (
        prescription.RemoveLine(scan_id=1, index=0, draft_hash="0" * draft_hash.DRAFT_HASH_DIGITS),
    ),
    prescription.ChangeLine: (
        prescription.ChangeLine(scan_id=1, index=0, draft_hash="0" * draft_hash.DRAFT_HASH_DIGITS),
    ),
    prescription.ToggleCondition: (
        prescription.ToggleCondition(index=0),
        prescription.ToggleCondition(index=99),
    ),
    prescription.ConfirmFacts: (prescription.ConfirmFacts(),),
    prescription.TakeProposal: (prescription.TakeProposal(scan_id=1),),
    prescription.PickMedicine: (prescription.PickMedicine(),),
    prescription.PickPart: (prescription.PickPart(part=0, index=0),),
    reading.AddReading: (reading.AddReading(scan_id=1, name="nodule_right"),),
    reading.UsePhrase: (reading.UsePhrase(scan_id=1, number=1),),
    reading.DeletePhrase: (reading.DeletePhrase(scan_id=1, number=1),),
    reading.StartFrom: (reading.StartFrom(scan_id=1, number=1),),
    prescription.OverrideAlerts: (prescription.OverrideAlerts(scan_id=1),),
    callbacks.CorrectBirth: (callbacks.CorrectBirth(),),
    callbacks.ChooseSex: (callbacks.ChooseSex(sex=Sex.MALE),),
    callbacks.InviteTo: tuple(callbacks.InviteTo(role=role) for role in Role),
    callbacks.AcceptInvitation: (callbacks.AcceptInvitation(),),
    callbacks.SwitchRole: tuple(callbacks.SwitchRole(role=role) for role in Role),
    callbacks.SendAgain: (callbacks.SendAgain(key="report:1:email"), callbacks.SendAgain(key="made up")),
    callbacks.SwitchModel: (callbacks.SwitchModel(on=False),),
    callbacks.OpenMember: (callbacks.OpenMember(account_id=2),),
    callbacks.ManageMember: tuple(callbacks.ManageMember(account_id=2, change=change) for change in StaffChange),
    callbacks.Noted: (callbacks.Noted(),),
    credentials.NotMe: (credentials.NotMe(change_id=1),),
    callbacks.EndSession: (callbacks.EndSession(chat_id=1), callbacks.EndSession(chat_id=700_002)),
    callbacks.OnTicket: tuple(callbacks.OnTicket(action=a, ticket_id=1) for a in callbacks.DeskAction),
    desk.ShowDesk: (desk.ShowDesk(page=0),),
    desk.ChangeHours: tuple(desk.ChangeHours(action=a, number=0) for a in desk.HoursAction),
    desk.PlayVoice: (desk.PlayVoice(note_id=999_999),),
    callbacks.ResendCode: (callbacks.ResendCode(),),
    walk_in.SignedConsent: (walk_in.SignedConsent(),),
    walk_in.NoAllergies: (walk_in.NoAllergies(),),
    walk_in.OnWalkIn: tuple(walk_in.OnWalkIn(action=a, patient_id=5) for a in walk_in.WalkInAction),
    walk_in.PrintReport: (walk_in.PrintReport(scan_id=1),),
    family.PictureOf: (family.PictureOf(patient_id=5),),
    family.FactsOf: tuple(family.FactsOf(patient_id=5, answer=a) for a in family.FactsAnswer),
    family.OnPerson: tuple(family.OnPerson(action=a, patient_id=5) for a in family.FamilyAction),
    family.ChooseRelation: (family.ChooseRelation(relation=Relation.CHILD),),
    family.AgreeFor: (family.AgreeFor(),),
    faq.ShowMisses: (faq.ShowMisses(page=0),),
    faq.OnMiss: tuple(faq.OnMiss(action=a, miss_id=1) for a in faq.MissAction),
    faq.TeachTopic: (faq.TeachTopic(miss_id=1, topic="report", sure=True),),
    faq.SaveEntry: (faq.SaveEntry(),),
    faq.ShowTaught: (faq.ShowTaught(page=0),),
    faq.OnPhrase: tuple(faq.OnPhrase(phrase_id=1, forget=forget) for forget in (False, True)),
    faq.OnTopic: tuple(faq.OnTopic(topic="own-1", forget=forget) for forget in (False, True)),
}
REFUSED = ("not_found", "not_allowed", "stale", "not_linked", "invite_invalid", "already_linked")
OPEN = {
    prescription.AnswerFacts,
    prescription.ChooseFact,
    callbacks.ChooseLanguage,
    callbacks.ChooseTopic,
    callbacks.Unlink,
    form.BackToForm,
    account.OfferChat,
    account.OtherAddress,
    account.WithoutEmail,
    account.CorrectSelf,
    callbacks.StopWhatsApp,
    family.NewPerson,
    family.DropPictures,
    family.KeepConsent,
    callbacks.Consent,
    callbacks.CallDesk,
    faq.WrongAnswer,
    callbacks.LeaveDesk,
    callbacks.ExportMe,
    callbacks.ForgetMe,
    callbacks.ConfirmForget,
}  # about one's own account


@pytest.mark.slow
async def test_every_button_there_is_can_be_forged_by_a_stranger_and_another_patient_in_vain(clinic: Clinic) -> None:
    """All kinds of buttons, discovered; each is refused with a message and no row is written."""
    assert set(FORGED) | OPEN == {
        kind for kind in CallbackData.__subclasses__() if kind.__module__.startswith("handlers.")
    }
    await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED, patient="bela@example.org")
    nobody = await clinic.telegram.person("Nobody At All")
    for person in (nobody, clinic.amina):
        await person.sends("/help")
        await person.sees("")
    await settles(clinic)
    before = await _kept(clinic)
    refusals = {sentence_for(clinic, f"error.{key}") for key in REFUSED}
    for person in (nobody, clinic.amina):
        for button in (one for kind in FORGED.values() for one in kind):
            answer = await person.forges(button.pack(), timeout=30)
            assert answer.text in refusals, (person.name, button)
    assert await _kept(clinic) == before


@pytest.mark.parametrize(("who", "reason"), [("meena", "not_allowed"), ("amina", "not_found")])
async def test_a_refused_press_is_in_the_record(clinic: Clinic, who: str, reason: str) -> None:
    """Account, role and reason; the second is a patient who opens another patient's scan."""
    await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED, patient="bela@example.org")
    person: Person = getattr(clinic, who)
    await person.sends("/help")
    await person.sees("")
    action = CardAction.APPROVE if who == "meena" else CardAction.OPEN
    await person.forges(OnCard(action=action, scan_id=1).pack())
    row = await eventually(
        clinic.app.services.sessions, lambda session: session.scalar(select(AuditRow).where(AuditRow.act == "trespass"))
    )
    assert (row.outcome, row.reason, row.role) == ("refused", reason, person.role)
