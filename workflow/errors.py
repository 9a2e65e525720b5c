"""What can be refused, each with the key of the sentence that the person sees.

ClinicError
├── NotFound            no such scan, or none that this person may know of
├── NotAllowed          another role does this
│   ├── SameHand        this person has signed the scan in another role
│   └── Suspended       an administrator has taken the right away for now
├── StaleAction         the scan has moved on
│   └── WordsChanged    what is to be signed is not what the person has read
├── AnalysisRunning     asked for already
├── AmendmentOpen       another change of this report waits
├── TicketTaken         somebody else answers there
├── Incomplete
│   ├── FindingsMissing
│   ├── OwnReadingMissing
│   └── PrescriptionMissing
├── AccountError
│   ├── NotLinked · AlreadyLinked · ChatAsleep · LoginFailed · WrongPassword · LoginLocked
│   ├── AuthenticatorThere · NamedOnReports
│   └── WeakPassword · InviteInvalid · RoleHeld · LastAdministrator
├── CodeError
│   ├── CodeWrong · FactorWrong · CodeSpent · CodeTooSoon → CodesUsedUp
└── AlreadyHandled      a repeated update
"""

from typing import ClassVar


class ClinicError(Exception):
    """Refused. The message is the key of a sentence in `handlers/locales`; `values` fill its placeholders."""

    key: ClassVar[str] = "error.refused"

    def __init__(self, **values: object) -> None:
        super().__init__(self.key)
        self.values = values


class NotFound(ClinicError):
    key = "error.not_found"


class NotAllowed(ClinicError):
    key = "error.not_allowed"


class SameHand(NotAllowed):
    key = "error.same_hand"


class Suspended(NotAllowed):
    key = "error.suspended"


class StaleAction(ClinicError):
    key = "error.stale"


class WordsChanged(StaleAction):
    key = "error.words_changed"


class TicketTaken(ClinicError):
    key = "error.ticket_taken"


class AnalysisRunning(ClinicError):
    key = "error.analysis_running"


class AmendmentOpen(ClinicError):
    key = "error.amendment_open"


class Incomplete(ClinicError):
    """Something must be written before this step."""


class FindingsMissing(Incomplete):
    key = "error.findings_missing"


class OwnReadingMissing(Incomplete):
    key = "error.own_reading_missing"


class PrescriptionMissing(Incomplete):
    key = "error.prescription_missing"


class AccountError(ClinicError):
    """Something about who the person is."""


class NotLinked(AccountError):
    key = "error.not_linked"


class AlreadyLinked(AccountError):
    key = "error.already_linked"


class ChatAsleep(AccountError):
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


class RoleHeld(AccountError):
    key = "error.role_held"


class LastAdministrator(AccountError):
    key = "error.last_administrator"


class NamedOnReports(AccountError):
    key = "error.named_on_reports"


class AuthenticatorThere(AccountError):
    key = "error.authenticator_there"


class CodeError(ClinicError):
    """Something about a one-time code."""


class CodeWrong(CodeError):
    key = "error.code_wrong"


class FactorWrong(CodeError):
    key = "error.factor_wrong"


class CodeSpent(CodeError):
    key = "error.code_spent"


class CodeTooSoon(CodeError):
    key = "error.code_too_soon"


class CodesUsedUp(CodeTooSoon):
    key = "error.codes_used_up"


class AlreadyHandled(ClinicError):
    key = "error.already_handled"
