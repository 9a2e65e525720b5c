"""What can be refused, each with the key of the sentence that the person sees.

ClinicError
├── NotFound            no such scan, or none that this person may know of
├── NotAllowed          another role does this
├── StaleAction         the scan has moved on
├── AnalysisRunning     asked for already
├── Incomplete
│   ├── FindingsMissing
│   ├── OwnReadingMissing
│   └── PrescriptionMissing
├── AccountError
│   ├── NotLinked · AlreadyLinked · LoginFailed · LoginLocked · WeakPassword · InviteInvalid · LastAdministrator
├── CodeError
│   ├── CodeWrong · CodeSpent · CodeTooSoon → CodesUsedUp
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


class StaleAction(ClinicError):
    key = "error.stale"


class AnalysisRunning(ClinicError):
    key = "error.analysis_running"


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


class LoginFailed(AccountError):
    key = "error.login_failed"


class LoginLocked(AccountError):
    key = "error.login_locked"


class WeakPassword(AccountError):
    key = "error.weak_password"


class InviteInvalid(AccountError):
    key = "error.invite_invalid"


class LastAdministrator(AccountError):
    key = "error.last_administrator"


class CodeError(ClinicError):
    """Something about a one-time code."""


class CodeWrong(CodeError):
    key = "error.code_wrong"


class CodeSpent(CodeError):
    key = "error.code_spent"


class CodeTooSoon(CodeError):
    key = "error.code_too_soon"


class CodesUsedUp(CodeTooSoon):
    key = "error.codes_used_up"


class AlreadyHandled(ClinicError):
    key = "error.already_handled"
