"""The slip with which a patient opens their file in Telegram: no name, no diagnosis."""

from dataclasses import dataclass
from datetime import date

from models.vocabulary import Language
from reports.content.document import Hospital


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSlip:
    """`link` opens the file together with the birth date or the telephone; good once, until `expires`."""

    hospital: Hospital
    language: Language
    number: str  # the hospital's patient number
    link: str
    expires: date
