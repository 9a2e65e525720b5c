"""The queues of `csss worker`: which kinds of jobs a process takes."""

from collections.abc import Mapping
from typing import Final

from workflow.jobs import JobKind

_INFERENCE: Final = {JobKind.ANALYSE, JobKind.READ_AHEAD, JobKind.RUN_SHADOW_MODEL, JobKind.CHECK_DRIFT}
_REPORTS: Final = {JobKind.ISSUE_REPORT, JobKind.ISSUE_AMENDMENT, JobKind.SEND_DRAFT, JobKind.SEND_VOICE}
_MAIL: Final = {JobKind.MAIL_CODE, JobKind.MAIL_ACCOUNT_EXISTS, JobKind.MAIL_REPORT}
QUEUES: Final[Mapping[str, set[JobKind]]] = {
    "inference": _INFERENCE,
    "reports": _REPORTS,
    "mail": _MAIL,
    "chat": set(JobKind) - _INFERENCE - _REPORTS - _MAIL,
}
