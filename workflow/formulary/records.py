"""Records: the formulary, a line, a patient, an alert."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FormularyError(Exception):
    """The formulary's files cannot be read, or a patient's facts have the wrong shape."""


class Kind(StrEnum):
    """The kind of an alert."""

    ALLERGY = "allergy"
    DUPLICATE = "duplicate"
    DOSE = "dose"
    INTERACTION = "interaction"
    AGE = "age"
    PREGNANCY = "pregnancy"
    BREASTFEEDING = "breastfeeding"
    KIDNEY = "kidney"
    LIVER = "liver"
    DURATION = "duration"


class Level(StrEnum):
    """STOP: needs a reason to go on. WARN: to be seen."""

    STOP = "stop"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Substance:
    """One active substance. Figures are in `unit`; 0 or absent: no figure is held."""

    name: str
    also: tuple[str, ...]
    names: tuple[str, ...]
    atc: str
    classes: frozenset[str]
    schedule: str | None
    unit: str
    sold: Mapping[str, tuple[str, ...]]
    limits: Mapping[str, tuple[float, float]]  # route -> largest single and daily amount of an adult
    child: Mapping[str, tuple[float, float]]  # route -> the same for each kg of body weight
    per_kg: tuple[float, float]  # the same for adults whose dose goes by weight
    repeated: float  # largest daily amount when it is taken for more than one day
    most_often: float  # largest number of doses a day, where that is less than one
    repeatable: bool  # several lines with it are meant (insulin)
    alone: bool  # False: only part of combinations
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Product:
    """A name that is sold: its substances, and the amounts of each by what is printed on the pack."""

    name: str
    substances: tuple[str, ...]
    strengths: Mapping[str, tuple[float, ...]]
    pack: str | None = None
    brand: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One statement of the formulary about medicines, with its source."""

    of: frozenset[str]
    level: Level
    why: str
    source: str
    other: frozenset[str] = frozenset()
    condition: str = ""
    above: Mapping[str, float] = field(default_factory=dict)
    under: float | None = None
    over: float | None = None
    days: float | None = None
    unless_with: frozenset[str] = frozenset()
    topical: bool = False


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of one substance a line gives, in the substance's unit; None where the line does not say."""

    substance: str
    single: float | None
    daily: float | None


@dataclass(frozen=True, slots=True)
class PrescriptionLine:
    """A typed line as it was read. None: the line does not say."""

    text: str
    kind: str
    substances: tuple[str, ...] = ()
    strength: str | None = None
    form: str | None = None
    dose: str | None = None
    times_per_day: float | None = None
    as_needed: bool = False
    days: int | None = None
    route: str | None = None
    checked: bool = False
    amounts: tuple[Amount, ...] = ()
    used: str = "oral"  # the route that limits go by: named, or the form's

    def as_dict(self) -> dict[str, Any]:
        """The line as scripts get it."""
        times = self.times_per_day
        whole = None if times is None else round(times, 3)
        return {
            "text": self.text,
            "kind": self.kind,
            "substances": list(self.substances),
            "strength": self.strength,
            "form": self.form,
            "dose": self.dose,
            "times_per_day": int(whole) if whole is not None and whole == int(whole) else whole,
            "as_needed": self.as_needed,
            "days": self.days,
            "route": self.route,
            "checked": self.checked,
        }


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a line does not go with. `about` names generic substances."""

    kind: Kind
    level: Level
    about: tuple[str, ...]
    why: str
    source: str

    def as_dict(self) -> dict[str, Any]:
        """The alert as scripts get it."""
        return {
            "kind": str(self.kind),
            "level": str(self.level),
            "about": list(self.about),
            "why": self.why,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient's facts. None: not known, and then nothing is said about it. Weight in kg, age in years."""

    age: float | None = None
    weight_kg: float | None = None
    sex: str | None = None
    conditions: tuple[str, ...] = ()
    allergies: tuple[str, ...] | None = None
    current: tuple[str, ...] = ()
    pregnant: bool | None = None
    breastfeeding: bool | None = None
    kidney: str | None = None
    liver: str | None = None
