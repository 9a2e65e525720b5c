"""The line that identifies a patient and a scan, above everything that is signed or released."""

from handlers.ui.texts import Html, Texts
from models.tables.accounts import Account
from models.tables.scans import Scan
from workflow.reporting.release import patient_number


def person_line(account: Account, texts: Texts) -> Html:
    """Name, sex and birth date."""
    born = texts.day(account.date_of_birth) if account.date_of_birth else texts("unknown")
    return texts("person", name=account.name, sex=texts(f"sex.{account.sex}"), born=born)


def patient_line(scan: Scan, texts: Texts) -> Html:
    """The patient's name, sex, birth date and number, below a line that names the scan."""
    return texts("identity.patient", person=person_line(scan.patient, texts), number=patient_number(scan.patient_id))


def identity_line(scan: Scan, texts: Texts) -> Html:
    """The patient's name, sex, birth date and number, and the scan's number."""
    person, number = person_line(scan.patient, texts), patient_number(scan.patient_id)
    return texts("identity", person=person, number=number, scan=scan.id)
