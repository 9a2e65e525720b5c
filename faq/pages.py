"""The answers, one file for each topic and language."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

import yaml

ENTRIES = Path(__file__).parent / "entries"


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
    EMERGENCY = "emergency"
    FALLBACK = "fallback"


@dataclass(frozen=True)
class Contacts:
    """What the answers name and only the hospital knows. The numbers are India's: 112 for all, 108 for an ambulance."""

    emergency_number: str = "112"
    ambulance_number: str = "108"
    hospital_name: str = "the hospital"
    hospital_phone: str = "the number on your hospital card"
    hospital_email: str = "the address on your hospital card"
    hospital_hours: str = "during reception hours"


@dataclass(frozen=True)
class Entry:
    """One answer in one language, placeholders filled."""

    topic: Topic
    locale: str
    title: str
    category: str
    phrases: tuple[str, ...]
    related: tuple[Topic, ...]
    text: str


class BadEntry(ValueError):
    """An entry file cannot be used; the message names the file and what is wrong with it."""


def read_entries(folder: Path, contacts: Contacts) -> Iterator[Entry]:
    """Every `<locale>/<topic>.md` below the folder. Raises BadEntry for a file that breaks the form."""
    for file in sorted(folder.glob("*/*.md")):
        try:
            yield _entry(file, contacts)
        except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
            raise BadEntry(f"{file.parent.name}/{file.name}: {error}") from error


def _entry(file: Path, contacts: Contacts) -> Entry:
    _, head, body = file.read_text(encoding="utf-8").split("---\n", 2)
    front = yaml.load(head, Loader=_LOADER)  # noqa: S506 - the safe loader, in C where PyYAML was built with it
    if front["id"] != file.stem:
        raise ValueError(f"the id is {front['id']!r}")
    filled = body.strip().format(**{field.name: getattr(contacts, field.name) for field in fields(contacts)})
    return Entry(
        topic=Topic(front["id"]),
        locale=file.parent.name,
        title=str(front["title"]),
        category=str(front["category"]),
        phrases=tuple(str(phrase) for phrase in front["phrases"]),
        related=tuple(Topic(topic) for topic in front["related"]),
        text=filled,
    )
