"""The line that identifies a patient and a scan, above everything that is signed or released."""

from datetime import date

from handlers.ui.texts import Html, Texts
from models.tables.accounts import Account
from models.tables.scans import Scan
from workflow.reporting.release import patient_number


def birth_text(account: Account, texts: Texts) -> str:
    """The birth date; only about which year where it was counted from an age or a year alone."""
    if account.date_of_birth is None:
        return texts("unknown")
    return birth_words(account.date_of_birth, bool(account.birth_estimated), texts)


def birth_words(born: date, estimated: bool, texts: Texts) -> str:
    return texts("born_about", year=born.year) if estimated else texts.day(born)


def person_line(account: Account, texts: Texts) -> Html:
    """Name, sex and birth date."""
    born = birth_text(account, texts)
    return texts("person", name=account.name, sex=texts(f"sex.{account.sex}"), born=born)


def who_line(account: Account, texts: Texts) -> Html:
    """Name, sex, birth date and patient number: the patient's two identifiers beside the name."""
    return texts("identity.patient", person=person_line(account, texts), number=patient_number(account.id))


def patient_line(scan: Scan, texts: Texts) -> Html:
    """The patient's name, sex, birth date and number, below a line that names the scan."""
    return who_line(scan.patient, texts)


def identity_line(scan: Scan, texts: Texts) -> Html:
    """The patient's name, sex, birth date and number, and the scan's number."""
    person, number = person_line(scan.patient, texts), patient_number(scan.patient_id)
    return texts("identity", person=person, number=number, scan=scan.id)
