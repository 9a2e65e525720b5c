"""The answers, one file for each topic and language."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import yaml

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
    """What the answers name and only the hospital knows; what is not given, each language words in its own way.

    The numbers are India's: 112 for all, 108 for an ambulance.
    """

    emergency_number: str = "112"
    ambulance_number: str = "108"
    hospital_name: str | None = None
    hospital_phone: str | None = None
    hospital_email: str | None = None
    hospital_hours: str | None = None


@dataclass(frozen=True)
class Entry:
    """One answer in one language, placeholders filled. A topic that an administrator added has a name of its own."""

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
    """Every `<locale>/<topic>.md` below the folder. Raises BadEntry for a file that breaks the form."""
    given = {name: value for name, value in asdict(contacts).items() if value}
    for file in sorted(folder.glob("*/*.md")):
        try:
            yield _entry(file, given)
        except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
            raise BadEntry(f"{file.parent.name}/{file.name}: {error}") from error


def _entry(file: Path, given: Mapping[str, str]) -> Entry:
    _, head, body = file.read_text(encoding="utf-8").split("---\n", 2)
    front = yaml.load(head, Loader=_LOADER)  # noqa: S506 - the safe loader, in C where PyYAML was built with it
    if front["id"] != file.stem:
        raise ValueError(f"the id is {front['id']!r}")
    return Entry(
        topic=Topic(front["id"]),
        locale=file.parent.name,
        title=str(front["title"]),
        category=str(front["category"]),
        phrases=tuple(str(phrase) for phrase in front["phrases"]),
        related=tuple(Topic(topic) for topic in front["related"]),
        text=body.strip().format(**{**_unnamed(file.parent), **given}),
    )


def _unnamed(folder: Path) -> dict[str, str]:
    return tomllib.loads((folder / "unnamed.toml").read_text(encoding="utf-8"))
