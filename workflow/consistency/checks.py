"""Contradictions within a reading, and grave differences from the model's answer."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from models.tables.scans import Reading, Scan
from models.vocabulary import Band, Label
from reports.content.phrases import names_in
from workflow.consistency import typed
from workflow.consistency.table import Advice, Row, highest, rank, table
from workflow.errors import ConflictRefused, DifferenceUnseen, ReasonMissing

SIDE_SUFFIXES: Final = ("right", "left", "both")
NORMAL: Final = "normal"  # name of the row for normal readings


class Check(StrEnum):
    """Kinds of contradiction. The values are stored with the doctor's reason and name sentences."""

    BAND = "band"  # the band is lower than the finding allows
    NORMAL = "normal"  # "normal" beside an abnormal finding
    SIDE = "side"  # left against right
    ADVICE = "advice"  # the recommendation contradicts the band


class Conflict(NamedTuple):
    """One contradiction about a finding of the table. `refused`: no reason lifts it."""

    check: Check
    finding: str
    refused: bool = False

    @property
    def key(self) -> str:
        """As stored in the reading: `check:finding`."""
        return f"{self.check}:{self.finding}"


class Evidence(NamedTuple):
    """A reading's statements: findings by code, findings in typed text, and whether the scan is called normal."""

    coded: Sequence[typed.Mention]
    concluded: Sequence[typed.Mention]  # from diagnosis and typed conclusion
    described: Sequence[typed.Mention]  # from regions and typed findings
    normal: bool
    unknown_text: bool  # a region has typed text that is neither recognised nor unremarkable

    @property
    def abnormal(self) -> Sequence[Row]:
        """Rows of the affirmed findings that need any action."""
        named = {one.finding for one in (*self.coded, *self.concluded, *self.described)}
        return [row for name, row in table().findings.items() if name in named and row.least is not Band.NO_ACTION]


def conflicts(reading: Reading) -> Sequence[Conflict]:
    """Every contradiction of the reading, without regard to reasons given."""
    evidence = evidence_of(reading)
    diagnosed = {table().of_diagnosis(name).name for name in names_in(reading.diagnosis)}
    found = [*_bands(reading, evidence), *_normal(evidence), *_sides(evidence, diagnosed), *_advice(reading)]
    return list(dict.fromkeys(found))


def open_conflicts(reading: Reading) -> Sequence[Conflict]:
    """The contradictions that no recorded reason covers."""
    covered = (reading.override or {}).get("checks", ())
    return [one for one in conflicts(reading) if one.refused or one.key not in covered]


def least_band(reading: Reading) -> Band:
    """The lowest band that the reading may carry by the table."""
    return highest(row.least for row in evidence_of(reading).abnormal)


def model_differs(scan: Scan) -> bool:
    """Whether the model is sure of disease and the doctor's reading is normal, or the reverse."""
    finding, reading = scan.finding, scan.reading
    if finding is None or reading is None or finding.uncertain or finding.label is None:
        return False
    evidence, sure = evidence_of(reading), table().model_sure
    diseased = bool(evidence.abnormal or evidence.unknown_text) or reading.band == Band.URGENT
    if finding.label == Label.NORMAL:
        return finding.abnormal <= 1 - sure and diseased
    well = evidence.normal or reading.band == Band.NO_ACTION
    return finding.abnormal >= sure and well and not diseased


def require_consistent(scan: Scan) -> None:
    """Raise ConflictRefused, ReasonMissing or DifferenceUnseen (see `conflicts` and `model_differs`)."""
    assert scan.reading is not None
    waiting = open_conflicts(scan.reading)
    if any(one.refused for one in waiting):
        raise ConflictRefused
    if waiting:
        raise ReasonMissing
    if model_differs(scan) and not scan.reading.difference_seen:
        raise DifferenceUnseen


def evidence_of(reading: Reading) -> Evidence:
    """The findings of a reading, from its codes and its typed text."""
    regions: Mapping[str, Mapping[str, Any]] = reading.regions or {}
    by_code = [_coded(code) for region in regions.values() for code in region.get("phrases", ())]
    texts = [text for region in regions.values() if (text := region.get("text"))]
    unknown = [text for text in texts if not typed.mentions(text) and not typed.is_unremarkable(text)]
    conclusion = (reading.impression, reading.own_reading)
    diagnosed, normal = [], any(map(typed.says_normal, conclusion))
    if reading.diagnosis:
        names = names_in(reading.diagnosis)
        diagnosed = [typed.Mention(table().of_diagnosis(name).name, _suffix(name)) for name in names]
        normal = normal or any(one.finding == NORMAL for one in diagnosed)
    elif regions and not by_code and not texts and not any((*conclusion, reading.findings)):
        normal = True
    return Evidence(
        coded=[*by_code, *diagnosed],
        concluded=[*diagnosed, *typed.mentions(*conclusion)],
        described=[*by_code, *typed.mentions(reading.findings, *texts)],
        normal=normal,
        unknown_text=bool(unknown),
    )


def _coded(code: str) -> typed.Mention:
    return typed.Mention(table().of_phrase(code).name, _suffix(code))


def _suffix(code: str) -> str | None:
    last = code.rpartition("_")[2]
    return last if last in SIDE_SUFFIXES else None


def _bands(reading: Reading, evidence: Evidence) -> Iterable[Conflict]:
    """A band below a finding's least one; green beside a coded finding that is urgent is refused."""
    if reading.band is None:
        return
    chosen, coded = Band(reading.band), {one.finding for one in evidence.coded}
    for row in evidence.abnormal:
        if rank(chosen) < rank(row.least):
            hard = row.name in coded and (chosen, row.least) == (Band.NO_ACTION, Band.URGENT)
            yield Conflict(Check.BAND, row.name, refused=hard)


def _normal(evidence: Evidence) -> Iterable[Conflict]:
    if not evidence.normal:
        return
    for row in evidence.abnormal:
        yield Conflict(Check.NORMAL, row.name)
    if evidence.unknown_text:
        yield Conflict(Check.NORMAL, "region")


def _sides(evidence: Evidence, diagnosed: set[str]) -> Iterable[Conflict]:
    """A finding whose conclusion names a side that is not described, or whose ready diagnosis leaves one out."""
    for name in {one.finding for one in evidence.concluded}:
        concluded, described = (
            {one.side for one in mentions if one.finding == name} - {None}
            for mentions in (evidence.concluded, evidence.described)
        )
        said, seen = _reach(concluded), _reach(described)
        if said and seen and (said - seen or (name in diagnosed and seen - said)):
            yield Conflict(Check.SIDE, name)


def _reach(sides: Iterable[str | None]) -> set[str | None]:
    """Left, right, or both as the set of the two."""
    return {one for side in sides for one in (("left", "right") if side == "both" else (side,))}


def _advice(reading: Reading) -> Iterable[Conflict]:
    """A recommendation, ready or typed, that does not fit the band."""
    if reading.band is None:
        return
    chosen = Band(reading.band)
    if reading.diagnosis and not reading.recommendations:
        for row in map(table().of_diagnosis, names_in(reading.diagnosis)):
            if rank(chosen) > rank(row.most):
                yield Conflict(Check.ADVICE, row.name)
        return
    for sentence in typed.sentences(reading.recommendations or ""):
        if any(rank(chosen) < rank(one.least) or rank(chosen) > rank(one.most) for one in _advised(sentence)):
            yield Conflict(Check.ADVICE, "recommendation")
            return


def _advised(sentence: str) -> Iterable[Advice]:
    """The kinds of advice in a sentence; conditional ones are left out, and in a denied one only denials count."""
    if typed.has_words(sentence, table().unless):
        return ()
    kinds = [one for one in table().advice if typed.has_words(sentence, one.words)]
    denials = [one for one in kinds if one.most is not Band.URGENT]
    return denials or kinds
