"""Who may do what with which scans: one table, asked by handlers, web views and jobs. What is not in it is refused."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, false, select

from models.tables.people import Account, Role
from models.tables.scans import Scan, Status
from workflow.actors import Actor
from workflow.errors import AlreadyLinked, ChatAsleep, NotAllowed, NotLinked, Suspended
from workflow.transitions import RULES, Action


class Verb(StrEnum):
    """What people do besides moving a scan; the moves are `Action`."""

    TALK = "talk"  # greetings, help, the FAQ: no word about anybody
    REGISTER = "register"
    LINK = "link"
    UNLINK = "unlink"
    UNLOCK = "unlock"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a deed
    CHANGE_PASSWORD = "change_password"  # noqa: S105
    SEE_SESSIONS = "see_sessions"
    SET_AUTHENTICATOR = "set_authenticator"
    JOIN = "join"
    SWITCH_ROLE = "switch_role"
    SPEAK = "speak"
    SEE_SELF = "see_self"
    UPLOAD = "upload"
    DESCRIBE = "describe"
    SEE_OWN = "see_own"
    SEE_QUEUE = "see_queue"
    SEE_SCAN = "see_scan"
    SEE_STORY = "see_story"
    SEE_REPORT = "see_report"
    SEE_MODEL = "see_model"
    SWITCH_MODEL = "switch_model"
    SEE_STAFF = "see_staff"
    MANAGE_STAFF = "manage_staff"
    INVITE = "invite"
    SEE_AUDIT = "see_audit"
    AMEND = "amend"
    JUDGE_AMENDMENT = "judge_amendment"
    SEE_DRAFT = "see_draft"
    MARK_CRITICAL = "mark_critical"
    ACKNOWLEDGE = "acknowledge"
    SEE_UNDELIVERED = "see_undelivered"
    SEND_AGAIN = "send_again"
    GIVE_PHONE = "give_phone"
    CALL_DESK = "call_desk"
    SEE_PRIVACY = "see_privacy"
    EXPORT_SELF = "export_self"
    FORGET_SELF = "forget_self"
    SERVE_DESK = "serve_desk"
    TEACH_FAQ = "teach_faq"


class Reach(StrEnum):
    """The resource rule: which scans a verb reaches. Whatever lies outside looks as if it did not exist."""

    NONE = "none"
    OWN = "own"
    STAGE = "stage"  # those that have come as far as this role, see `SEES`
    CRITICAL = "critical"  # those that a doctor marked, at whatever stage


Deed = Action | Verb
Grants = Mapping[Role | None, Reach]
STRANGER: Final = None  # a chat that speaks for nobody yet
STAFF: Final = (Role.DOCTOR, Role.PHARMACIST, Role.ADMINISTRATOR)
PEOPLE: Final = (Role.PATIENT, *STAFF)
SEES: Final[Mapping[Role, frozenset[Status]]] = {
    Role.DOCTOR: frozenset(Status),
    Role.PHARMACIST: frozenset(Status) - {Status.PENDING_AI, Status.AI_ANALYZED},
    Role.ADMINISTRATOR: frozenset(Status) - {Status.PENDING_AI, Status.AI_ANALYZED, Status.DOCTOR_VERIFIED},
    Role.SYSTEM: frozenset(Status),
}


def _to(*roles: Role | None, reach: Reach = Reach.NONE) -> dict[Role | None, Reach]:
    return dict.fromkeys(roles, reach)


def _moves() -> Mapping[Deed, Grants]:
    """The moves are said once, in the table of states."""
    by = {(action, rule.by) for (_, action), rule in RULES.items()}
    return {action: _to(*(role for one, role in by if one is action), reach=Reach.STAGE) for action in Action}


TABLE: Final[Mapping[Deed, Grants]] = {
    Verb.TALK: _to(STRANGER, *PEOPLE),
    Verb.REGISTER: _to(STRANGER),
    Verb.LINK: _to(STRANGER),
    Verb.UNLINK: _to(*PEOPLE),
    Verb.UNLOCK: _to(*PEOPLE),
    Verb.RESET_PASSWORD: _to(STRANGER, *PEOPLE),
    Verb.CHANGE_PASSWORD: _to(*PEOPLE),
    Verb.SEE_SESSIONS: _to(*PEOPLE),
    Verb.SET_AUTHENTICATOR: _to(Role.ADMINISTRATOR),
    Verb.JOIN: _to(*PEOPLE),
    Verb.SWITCH_ROLE: _to(*PEOPLE),
    Verb.SPEAK: _to(*PEOPLE),
    Verb.SEE_SELF: _to(*PEOPLE),
    Verb.UPLOAD: _to(Role.PATIENT, reach=Reach.OWN),
    Verb.DESCRIBE: _to(Role.PATIENT, reach=Reach.OWN),
    Verb.SEE_OWN: _to(*PEOPLE, reach=Reach.OWN),
    Verb.SEE_QUEUE: _to(*STAFF, reach=Reach.STAGE),
    Verb.SEE_SCAN: _to(Role.PATIENT, reach=Reach.OWN) | _to(*STAFF, Role.SYSTEM, reach=Reach.STAGE),
    Verb.SEE_STORY: _to(*STAFF, reach=Reach.STAGE),
    Verb.SEE_REPORT: _to(Role.PATIENT, reach=Reach.OWN) | _to(*STAFF, Role.SYSTEM, reach=Reach.STAGE),
    Verb.SEE_MODEL: _to(*STAFF),
    Verb.SWITCH_MODEL: _to(Role.ADMINISTRATOR),
    Verb.SEE_STAFF: _to(Role.ADMINISTRATOR),
    Verb.MANAGE_STAFF: _to(Role.ADMINISTRATOR),
    Verb.INVITE: _to(Role.ADMINISTRATOR),
    Verb.SEE_AUDIT: _to(Role.ADMINISTRATOR),
    Verb.AMEND: _to(Role.DOCTOR, reach=Reach.STAGE),
    Verb.JUDGE_AMENDMENT: _to(Role.ADMINISTRATOR, Role.SYSTEM, reach=Reach.STAGE),
    Verb.SEE_DRAFT: _to(*STAFF, reach=Reach.STAGE),  # before the doctor has signed it is the doctor's alone
    Verb.MARK_CRITICAL: _to(Role.DOCTOR, reach=Reach.STAGE),
    Verb.ACKNOWLEDGE: _to(Role.PATIENT, reach=Reach.OWN) | _to(Role.ADMINISTRATOR, reach=Reach.CRITICAL),
    Verb.SEE_UNDELIVERED: _to(Role.ADMINISTRATOR),
    Verb.SEND_AGAIN: _to(Role.ADMINISTRATOR),
    Verb.GIVE_PHONE: _to(Role.PATIENT),
    Verb.CALL_DESK: _to(STRANGER, Role.PATIENT),
    Verb.SEE_PRIVACY: _to(Role.PATIENT),
    Verb.EXPORT_SELF: _to(Role.PATIENT),
    Verb.FORGET_SELF: _to(Role.PATIENT),
    Verb.SERVE_DESK: _to(*STAFF),
    Verb.TEACH_FAQ: _to(Role.ADMINISTRATOR),
    **_moves(),
}


SHOWS_NOTHING: Final = frozenset(
    (Verb.TALK, Verb.CALL_DESK, Verb.UNLINK, Verb.UNLOCK, Verb.RESET_PASSWORD, Verb.SPEAK, Verb.UPLOAD, Verb.DESCRIBE)
)  # what a chat may do that has long been unused; everything else asks again who is there


def allow(actor: Actor | None, deed: Deed | None) -> None:
    """Raises NotLinked, AlreadyLinked, NotAllowed, Suspended or ChatAsleep.

    A deed that the table does not know is nobody's."""
    grants = TABLE.get(deed, {}) if deed else {}
    if (actor.role if actor else STRANGER) in grants:
        if actor is not None and actor.suspended and deed not in {Verb.TALK, Verb.UNLINK}:
            raise Suspended
        if actor is not None and actor.asleep and deed not in SHOWS_NOTHING:
            raise ChatAsleep
        return
    if actor is None:
        raise NotLinked
    raise AlreadyLinked if set(grants) == {STRANGER} else NotAllowed


def reachable(actor: Actor, deed: Deed) -> Select[tuple[Scan]]:
    """The scans that this person reaches with this deed; every reading of scans goes through here.

    Those of somebody who was forgotten are nobody's."""
    allow(actor, deed)
    match TABLE[deed][actor.role]:
        case Reach.OWN:
            return select(Scan).where(Scan.patient_id == actor.account_id)
        case Reach.STAGE:
            return select(Scan).where(Scan.status.in_(SEES[actor.role]), Scan.patient.has(Account.erased_at.is_(None)))
        case Reach.CRITICAL:
            return select(Scan).where(Scan.critical.has(), Scan.patient.has(Account.erased_at.is_(None)))
        case _:
            return select(Scan).where(false())
