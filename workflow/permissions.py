"""Authorization: one table of operations, roles and scopes for handlers, web views and jobs. Default is to refuse."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, false, or_, select

from models.tables.accounts import Account
from models.tables.proxies import patients_of
from models.tables.scans import Scan
from models.vocabulary import Role, ScanStatus
from workflow.actors import Actor
from workflow.errors import AlreadyLinked, NotAllowed, NotLinked, ProofMissing, SessionLocked, Suspended
from workflow.transitions import RULES, Action


class Permission(StrEnum):
    """Operations other than moving a scan through its states; those are `Action`."""

    PUBLIC_INFO = "talk"  # greetings, help, the FAQ: no personal data
    REGISTER = "register"
    SIGN_IN = "link"
    SIGN_OUT = "unlink"
    UNLOCK = "unlock"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of an operation
    CHANGE_PASSWORD = "change_password"  # noqa: S105
    SEE_SESSIONS = "see_sessions"
    LINK_CHAT = "link_chat"
    SET_AUTHENTICATOR = "set_authenticator"
    ACCEPT_INVITE = "join"
    PROVE = "prove"
    DENY_CHANGE = "deny_change"
    SWITCH_ROLE = "switch_role"
    SET_LANGUAGE = "speak"
    SEE_SELF = "see_self"
    CORRECT_SELF = "correct_self"
    SET_EMAIL = "set_email"
    UPLOAD = "upload"
    DESCRIBE = "describe"
    SEE_OWN = "see_own"
    SEE_QUEUE = "see_queue"
    SEE_DAY = "see_day"
    SEE_SCAN = "see_scan"
    SEE_HISTORY = "see_story"
    SEE_REPORT = "see_report"
    SEE_MODEL = "see_model"
    SWITCH_MODEL = "switch_model"
    SEE_STAFF = "see_staff"
    SEE_WEEK = "see_week"
    MANAGE_STAFF = "manage_staff"
    INVITE = "invite"
    SEE_AUDIT = "see_audit"
    AMEND = "amend"
    DECIDE_AMENDMENT = "judge_amendment"
    SEE_DRAFT = "see_draft"
    CLAIM = "claim_scan"
    MARK_CRITICAL = "mark_critical"
    ASK_CLARIFICATION = "ask_clarification"
    ANSWER_CLARIFICATION = "answer_clarification"
    ACKNOWLEDGE = "acknowledge"
    SET_STAT = "set_stat"
    SEE_UNDELIVERED = "see_undelivered"
    RESEND = "send_again"
    SET_PHONE = "give_phone"
    SET_FACTS = "give_facts"
    CALL_DESK = "call_desk"
    SEE_PRIVACY = "see_privacy"
    EXPORT_SELF = "export_self"
    ERASE_SELF = "forget_self"
    WITHDRAW_CONSENT = "withdraw_consent"
    SERVE_DESK = "serve_desk"
    TEACH_FAQ = "teach_faq"
    FIND_PATIENT = "find_patient"
    MANAGE_FAMILY = "manage_family"
    SERVE_WALK_INS = "serve_walk_ins"
    PRINT_REPORT = "print_report"
    ISSUE_SLIP = "issue_slip"
    EXPORT_LISTS = "export_lists"
    CLAIM_FILE = "claim_file"
    OPEN_BROWSER = "open_browser"
    SET_HOURS = "set_hours"


class Proof(StrEnum):
    """The proof of identity that an operation asks for beside an unlocked chat.

    A code is sent to the person's own address, or comes from their authenticator app."""

    CODE = "code"  # bound to exactly this operation
    RECENT_CODE = "recent_code"  # any right one within `PROOF_PERIOD` in this chat
    PASSWORD = "password"  # noqa: S105 - the name of a proof


class Scope(StrEnum):
    """The scans that an operation may reach. A scan outside the scope raises NotFound, as if it did not exist."""

    NONE = "none"
    OWN = "own"  # of the actor and of the patients for whom they act
    STAGE = "stage"  # scans whose status is in the role's `VISIBLE_STATUSES`
    CRITICAL = "critical"  # scans with a critical result, in any status


Operation = Action | Permission
RoleScopes = Mapping[Role | None, Scope]
UNLINKED: Final = None  # the "role" of a chat that is not linked to an account
STAFF: Final = (Role.DOCTOR, Role.PHARMACIST, Role.ADMINISTRATOR)
HUMAN_ROLES: Final = (Role.PATIENT, *STAFF)
VISIBLE_STATUSES: Final[Mapping[Role, frozenset[ScanStatus]]] = {
    Role.DOCTOR: frozenset(ScanStatus),
    Role.PHARMACIST: frozenset(ScanStatus) - {ScanStatus.PENDING_AI, ScanStatus.AI_ANALYZED},
    Role.ADMINISTRATOR: frozenset(ScanStatus)
    - {ScanStatus.PENDING_AI, ScanStatus.AI_ANALYZED, ScanStatus.DOCTOR_VERIFIED},
    Role.SYSTEM: frozenset(ScanStatus),
}

OWN_ACCOUNT: Final = (
    *(Permission.SEE_SELF, Permission.SEE_SESSIONS, Permission.CHANGE_PASSWORD, Permission.SWITCH_ROLE),
    *(Permission.SIGN_OUT, Permission.UNLOCK, Permission.ACCEPT_INVITE, Permission.OPEN_BROWSER),
)
STAFFS: Final = (Permission.PROVE, Permission.SEE_MODEL, Permission.SERVE_DESK)
PATIENTS_OWN: Final = (
    *(Permission.LINK_CHAT, Permission.CORRECT_SELF, Permission.SET_EMAIL, Permission.SET_PHONE, Permission.SET_FACTS),
    *(Permission.SEE_PRIVACY, Permission.EXPORT_SELF, Permission.ERASE_SELF, Permission.MANAGE_FAMILY),
)
ADMINISTRATION: Final = (
    *(Permission.SWITCH_MODEL, Permission.SEE_STAFF, Permission.MANAGE_STAFF, Permission.INVITE, Permission.SEE_AUDIT),
    *(Permission.SEE_UNDELIVERED, Permission.SEE_WEEK, Permission.RESEND, Permission.TEACH_FAQ),
    *(Permission.SERVE_WALK_INS, Permission.ISSUE_SLIP, Permission.EXPORT_LISTS, Permission.SET_HOURS),
)


def _grant(*roles: Role | None, scope: Scope = Scope.NONE) -> dict[Role | None, Scope]:
    return dict.fromkeys(roles, scope)


def _action_grants() -> Mapping[Operation, RoleScopes]:
    """The grants of `Action`, derived from the table of states."""
    allowed = {(action, rule.role) for (_, action), rule in RULES.items()}
    return {action: _grant(*(role for one, role in allowed if one is action), scope=Scope.STAGE) for action in Action}


GRANTS: Final[Mapping[Operation, RoleScopes]] = {
    Permission.PUBLIC_INFO: _grant(UNLINKED, *HUMAN_ROLES),
    **dict.fromkeys((Permission.REGISTER, Permission.SIGN_IN), _grant(UNLINKED)),
    Permission.RESET_PASSWORD: _grant(UNLINKED, *HUMAN_ROLES),
    Permission.SET_AUTHENTICATOR: _grant(Role.ADMINISTRATOR),
    Permission.DENY_CHANGE: _grant(UNLINKED, *HUMAN_ROLES),  # bound to the chat or the mail that was told
    Permission.SET_LANGUAGE: _grant(UNLINKED, *HUMAN_ROLES),
    Permission.UPLOAD: _grant(Role.PATIENT, scope=Scope.OWN),
    Permission.DESCRIBE: _grant(Role.PATIENT, scope=Scope.OWN),
    Permission.SEE_OWN: _grant(*HUMAN_ROLES, scope=Scope.OWN),
    Permission.SEE_QUEUE: _grant(*STAFF, scope=Scope.STAGE),
    Permission.SEE_DAY: _grant(Role.DOCTOR),
    Permission.SEE_SCAN: _grant(Role.PATIENT, scope=Scope.OWN) | _grant(*STAFF, Role.SYSTEM, scope=Scope.STAGE),
    Permission.SEE_HISTORY: _grant(*STAFF, scope=Scope.STAGE),
    Permission.FIND_PATIENT: _grant(*STAFF, scope=Scope.STAGE),
    Permission.SEE_REPORT: _grant(Role.PATIENT, scope=Scope.OWN) | _grant(*STAFF, Role.SYSTEM, scope=Scope.STAGE),
    Permission.AMEND: _grant(Role.DOCTOR, scope=Scope.STAGE),
    Permission.DECIDE_AMENDMENT: _grant(Role.ADMINISTRATOR, Role.SYSTEM, scope=Scope.STAGE),
    # before the doctor's signature the handlers show a draft to doctors only
    Permission.SEE_DRAFT: _grant(*STAFF, scope=Scope.STAGE),
    Permission.CLAIM: _grant(*STAFF, scope=Scope.STAGE),
    Permission.MARK_CRITICAL: _grant(Role.DOCTOR, scope=Scope.STAGE),
    Permission.ASK_CLARIFICATION: _grant(Role.PHARMACIST, Role.ADMINISTRATOR, scope=Scope.STAGE),
    Permission.ANSWER_CLARIFICATION: _grant(Role.PATIENT, scope=Scope.OWN) | _grant(Role.DOCTOR, scope=Scope.STAGE),
    Permission.ACKNOWLEDGE: _grant(Role.PATIENT, scope=Scope.OWN) | _grant(Role.ADMINISTRATOR, scope=Scope.CRITICAL),
    Permission.SET_STAT: _grant(Role.DOCTOR, Role.ADMINISTRATOR, scope=Scope.STAGE),
    Permission.WITHDRAW_CONSENT: _grant(Role.PATIENT, Role.ADMINISTRATOR),  # administrators: in a walk-in's place
    Permission.PRINT_REPORT: _grant(Role.ADMINISTRATOR, scope=Scope.STAGE),
    **dict.fromkeys((Permission.CALL_DESK, Permission.CLAIM_FILE), _grant(UNLINKED, Role.PATIENT)),
    **dict.fromkeys(STAFFS, _grant(*STAFF)),
    **dict.fromkeys(OWN_ACCOUNT, _grant(*HUMAN_ROLES)),
    **dict.fromkeys(PATIENTS_OWN, _grant(Role.PATIENT)),
    **dict.fromkeys(ADMINISTRATION, _grant(Role.ADMINISTRATOR)),
    **_action_grants(),
}

# Operations that ask for a proof beside the unlocked chat; for all others the chat suffices.
STEP_UP: Final[Mapping[Operation, Proof]] = {
    Permission.INVITE: Proof.CODE,
    Permission.MANAGE_STAFF: Proof.CODE,
    Permission.DECIDE_AMENDMENT: Proof.CODE,  # the approval, which sends it; declining changes nothing
    Permission.RESEND: Proof.RECENT_CODE,
    Permission.PRINT_REPORT: Proof.RECENT_CODE,  # what leaves on paper
    Permission.ISSUE_SLIP: Proof.RECENT_CODE,
    Permission.EXPORT_LISTS: Proof.RECENT_CODE,  # files of the record, the staff and the like
    Permission.SWITCH_MODEL: Proof.RECENT_CODE,
    Permission.TEACH_FAQ: Proof.RECENT_CODE,  # what changes answers; reading the questions needs none
    Permission.SET_HOURS: Proof.RECENT_CODE,
    Action.RELEASE: Proof.CODE,
    **dict.fromkeys((Permission.CHANGE_PASSWORD, Permission.SET_EMAIL, Permission.SET_AUTHENTICATOR), Proof.PASSWORD),
    **dict.fromkeys((Permission.EXPORT_SELF, Permission.ERASE_SELF), Proof.PASSWORD),
}

PROOF_PERIOD: Final = timedelta(minutes=15)

ALLOWED_WHEN_SUSPENDED: Final = frozenset((Permission.PUBLIC_INFO, Permission.SIGN_OUT, Permission.DENY_CHANGE))
ALLOWED_WHEN_LOCKED: Final = frozenset(  # operations that show no health data
    (
        *(Permission.PUBLIC_INFO, Permission.CALL_DESK, Permission.SIGN_OUT, Permission.DENY_CHANGE),
        *(Permission.UNLOCK, Permission.RESET_PASSWORD, Permission.SET_LANGUAGE),
        *(Permission.UPLOAD, Permission.DESCRIBE),
    )
)


def authorize(actor: Actor | None, operation: Operation | None) -> None:
    """Raise NotLinked, AlreadyLinked, NotAllowed, Suspended or SessionLocked unless `actor` may do `operation`.

    `actor` is None for a chat without an account. An operation that the table does not list is refused to everybody."""
    grants = GRANTS.get(operation, {}) if operation else {}
    if (actor.role if actor else UNLINKED) in grants:
        if actor is not None and actor.suspended and operation not in ALLOWED_WHEN_SUSPENDED:
            raise Suspended
        if actor is not None and actor.locked and operation not in ALLOWED_WHEN_LOCKED:
            raise SessionLocked
        return
    if actor is None:
        raise NotLinked
    raise AlreadyLinked if set(grants) == {UNLINKED} else NotAllowed


def require_proof(actor: Actor, operation: Operation, at: datetime) -> None:
    """Raise ProofMissing unless the chat was proved recently, where the operation asks for it, or like `authorize`."""
    authorize(actor, operation)
    proved = actor.proved_at is not None and actor.proved_at > at - PROOF_PERIOD
    if STEP_UP.get(operation) is Proof.RECENT_CODE and not proved:
        raise ProofMissing


def scans_in_scope(actor: Actor, operation: Operation) -> Select[tuple[Scan]]:
    """The scans that `actor` may reach with `operation`; every query for scans on behalf of a person starts here.

    Scans of an erased account are not in any staff scope. Raises like `authorize`."""
    authorize(actor, operation)
    match GRANTS[operation][actor.role]:
        case Scope.OWN:
            own = None if actor.proxy else actor.account_id
            return select(Scan).where(or_(Scan.patient_id == actor.account_id, Scan.patient_id.in_(patients_of(own))))
        case Scope.STAGE:
            return select(Scan).where(
                Scan.status.in_(VISIBLE_STATUSES[actor.role]), Scan.patient.has(Account.erased_at.is_(None))
            )
        case Scope.CRITICAL:
            return select(Scan).where(Scan.critical.has(), Scan.patient.has(Account.erased_at.is_(None)))
        case _:
            return select(Scan).where(false())
