"""Entries: one TOML file for each topic and language."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

UNNAMED: Final = "unnamed.toml"  # the words that stand in for a contact fact that the hospital did not give


class Topic(StrEnum):
    GREETING = "greeting"
    UPLOAD = "upload"
    STATUS = "status"
    REPORT = "report"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    ADMIN = "admin"
    OTP = "otp"
    AI = "ai"
    CT = "ct"
    MRI = "mri"
    XRAY = "xray"
    PASSWORD = "password"  # noqa: S105 - a topic's name
    LOGIN = "login"
    REGISTER = "register"
    CONTACT = "contact"
    FORMAT = "format"
    PNEUMONIA = "pneumonia"
    NORMAL = "normal"
    COVID = "covid"
    OPACITY = "opacity"
    SICK = "sick"
    NIH = "nih"
    PRIVACY = "privacy"
    LANGUAGE = "language"
    COST = "cost"
    BILL = "bill"
    LOCKED = "locked"
    NO_EMAIL = "noemail"
    PERSON = "person"
    MEDICINES = "medicines"
    MISTAKE = "mistake"
    WHATSAPP = "whatsapp"
    REFUSED = "refused"
    PHOTO = "photo"
    COLOURS = "colours"
    TB = "tb"
    GENUINE = "genuine"
    DEVICE = "device"
    PRINTED = "printed"
    CHILDREN = "children"
    PREGNANCY = "pregnancy"
    VOICE = "voice"
    WALK_IN = "walkin"
    NEXT = "next"
    CONSENT = "consent"
    SECOND = "second"
    SESSIONS = "sessions"
    FINDINGS = "findings"
    CANCER = "cancer"
    EMERGENCY = "emergency"
    FALLBACK = "fallback"


HOURS: Final = "{hospital_hours}"  # stands in an answer for opening hours that may change: filled in when it is given


@dataclass(frozen=True)
class Contacts:
    """Contact facts of the hospital that answers quote; each language has words for a missing one.

    The default numbers are India's: 112 for every emergency, 108 for an ambulance.
    """

    emergency_number: str = "112"
    ambulance_number: str = "108"
    hospital_name: str | None = None
    hospital_phone: str | None = None
    hospital_email: str | None = None
    hospital_hours: str | None = None


@dataclass(frozen=True)
class Entry:
    """One answer in one language, placeholders filled. Topics that administrators added are not in `Topic`."""

    topic: str
    locale: str
    title: str
    category: str
    phrases: tuple[str, ...]
    related: tuple[str, ...]
    text: str


class BadEntry(ValueError):
    """An entry file cannot be used; the message names the file and what is wrong with it."""


def read_entries(folder: Path, contacts: Contacts) -> Iterator[Entry]:
    """Every `<locale>/<topic>.toml` below the folder. Raises BadEntry for a malformed file."""
    given = {name: value for name, value in asdict(contacts).items() if value}
    for file in sorted(folder.glob("*/*.toml")):
        if file.name == UNNAMED:
            continue
        try:
            yield _entry(file, given)
        except (KeyError, TypeError, ValueError) as error:
            raise BadEntry(f"{file.parent.name}/{file.name}: {error}") from error


def _entry(file: Path, given: Mapping[str, str]) -> Entry:
    fields = tomllib.loads(file.read_text(encoding="utf-8"))
    if fields["id"] != file.stem:
        raise ValueError(f"the id is {fields['id']!r}")
    return Entry(
        topic=Topic(fields["id"]),
        locale=file.parent.name,
        title=str(fields["title"]),
        category=str(fields["category"]),
        phrases=tuple(str(phrase) for phrase in fields["phrases"]),
        related=tuple(Topic(topic) for topic in fields["related"]),
        text=fields["text"].strip().format(**{**_unnamed(file.parent), **given}),
    )


def _unnamed(folder: Path) -> dict[str, str]:
    return tomllib.loads((folder / UNNAMED).read_text(encoding="utf-8"))
