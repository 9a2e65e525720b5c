"""Refusals, each with the key of the sentence that the person sees.

WorkflowError
├── NotFound                    no such scan, or outside the actor's scope
├── NotAllowed                  the operation belongs to another role
│   ├── SeparationOfDuties      the account has signed the scan in another role
│   └── Suspended               the account is suspended
├── StaleAction                 the state has changed since the button was shown
│   ├── WordsChanged            the text to be signed has changed since it was shown
│   └── ClarificationClosed     the question is answered or withdrawn already
├── AnalysisRunning             an analysis is pending
├── AmendmentOpen               another amendment of this report is open
├── PatientUnreachable          no chat is linked to the patient's account
├── ClaimedByOther              another member of staff works on the scan
├── PhrasesFull                 no room for a further own phrase
├── TicketTaken                 another member of staff has claimed the ticket
├── Incomplete
│   ├── FindingsMissing
│   ├── OwnReadingMissing
│   ├── PrescriptionMissing
│   ├── AlertsOpen              an alert of the prescription has no reason against it
│   ├── ClarificationOpen       a question on the scan is not answered
│   ├── CountersignatureMissing a doctor has to prescribe a medicine of Schedule H, H1 or X
│   └── Inconsistent            the reading contradicts itself, or the model gravely
│       └── ConflictRefused · ReasonMissing · DifferenceUnseen
├── AccountError
│   ├── NotLinked · AlreadyLinked · SessionLocked · LoginFailed · WrongPassword · LoginLocked
│   ├── AlreadyEnrolled · NamedOnReports · ProofMissing · NewAdministrator
│   └── WeakPassword · InviteInvalid · InviteForOther · RoleHeld · LastAdministrator
├── CodeError
│   ├── CodeWrong · FactorWrong · CodeSpent · CodeTooSoon → CodesUsedUp
└── AlreadyHandled              the update is a redelivery
"""

from typing import ClassVar


class WorkflowError(Exception):
    """A refusal. The message is the key of a sentence in `handlers/locales`; `values` fill its placeholders."""

    key: ClassVar[str] = "error.refused"

    def __init__(self, **values: object) -> None:
        super().__init__(self.key)
        self.values = values


class NotFound(WorkflowError):
    key = "error.not_found"


class NotAllowed(WorkflowError):
    key = "error.not_allowed"


class SeparationOfDuties(NotAllowed):
    key = "error.same_hand"


class Suspended(NotAllowed):
    key = "error.suspended"


class StaleAction(WorkflowError):
    key = "error.stale"


class WordsChanged(StaleAction):
    key = "error.words_changed"


class ClarificationClosed(StaleAction):
    key = "error.clarification_closed"


class PatientUnreachable(WorkflowError):
    key = "error.patient_unreachable"


class ClaimedByOther(WorkflowError):
    key = "error.claimed"


class TicketTaken(WorkflowError):
    key = "error.ticket_taken"


class PhrasesFull(WorkflowError):
    key = "error.phrases_full"


class AnalysisRunning(WorkflowError):
    key = "error.analysis_running"


class AmendmentOpen(WorkflowError):
    key = "error.amendment_open"


class Incomplete(WorkflowError):
    """A required part is missing before this step."""


class FindingsMissing(Incomplete):
    key = "error.findings_missing"


class OwnReadingMissing(Incomplete):
    key = "error.own_reading_missing"


class PrescriptionMissing(Incomplete):
    key = "error.prescription_missing"


class AlertsOpen(Incomplete):
    key = "error.alerts_open"


class ClarificationOpen(Incomplete):
    key = "error.clarification_open"


class CountersignatureMissing(Incomplete):
    key = "error.countersignature_missing"


class Inconsistent(Incomplete):
    """The reading contradicts itself, or differs gravely from the model's answer."""


class ConflictRefused(Inconsistent):
    key = "error.conflict_refused"


class ReasonMissing(Inconsistent):
    key = "error.reason_missing"


class DifferenceUnseen(Inconsistent):
    key = "error.difference_unseen"


class CorrectionOpen(WorkflowError):
    """The signed reading is being corrected."""

    key = "error.correction_open"


class ConfirmationMissing(WorkflowError):
    """The reading was corrected after the prescription was completed."""

    key = "error.confirmation_missing"


class AccountError(WorkflowError):
    """A refusal that concerns the account, its session or its roles."""


class NotLinked(AccountError):
    key = "error.not_linked"


class AlreadyLinked(AccountError):
    key = "error.already_linked"


class SessionLocked(AccountError):
    key = "error.chat_asleep"


class LoginFailed(AccountError):
    key = "error.login_failed"


class WrongPassword(AccountError):
    key = "error.wrong_password"


class LoginLocked(AccountError):
    key = "error.login_locked"


class WeakPassword(AccountError):
    key = "error.weak_password"


class InviteInvalid(AccountError):
    key = "error.invite_invalid"


class ProofMissing(AccountError):
    key = "error.proof_missing"


class NewAdministrator(AccountError):
    key = "error.new_administrator"


class InviteForOther(AccountError):
    key = "error.invite_for_other"


class RoleHeld(AccountError):
    key = "error.role_held"


class LastAdministrator(AccountError):
    key = "error.last_administrator"


class NamedOnReports(AccountError):
    key = "error.named_on_reports"


class AlreadyEnrolled(AccountError):
    key = "error.authenticator_there"


class CodeError(WorkflowError):
    """A refusal that concerns a one-time code."""


class CodeWrong(CodeError):
    key = "error.code_wrong"


class CodeMissing(CodeError):
    key = "error.code_missing"


class FactorWrong(CodeError):
    key = "error.factor_wrong"


class CodeSpent(CodeError):
    key = "error.code_spent"


class CodeTooSoon(CodeError):
    key = "error.code_too_soon"


class CodesUsedUp(CodeTooSoon):
    key = "error.codes_used_up"


class AlreadyHandled(WorkflowError):
    key = "error.already_handled"
