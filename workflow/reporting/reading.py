"""The doctor's reading and the patient's summary as report content."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from models.tables.scans import Prescription, Reading, Scan
from models.vocabulary import Band, Language
from reports.content.document import Summary
from reports.content.phrases import DIAGNOSES, NO_ALERT_REASONS, OVERRIDE_REASONS, names_in
from reports.content.reading import (
    REGIONS,
    CriticalResultSection,
    EarlierScan,
    Opinion,
    ReadingSection,
    Region,
    RegionFinding,
)
from workflow.consistency.checks import Check
from workflow.reporting.language import ready_text, report_language
from workflow.reporting.release import report_number

Lookup = Callable[[str, str], str]  # (section, name) → text in one language


def build_reading(reading: Reading, modality: str, language: Language) -> ReadingSection:
    """The reading as text: ready phrases in `language`, typed text unchanged."""
    text, regions = partial(ready_text, language), reading.regions or {}
    stop = "।" if language is Language.HINDI else "."
    return ReadingSection(
        findings=reading.findings or None,
        regions=tuple(_region(region, regions, text, stop) for region in REGIONS[modality] if region in regions),
        diagnosis=reading.diagnosis,
        own=reading.own_reading or None,
        impression=reading.impression or ready_sentences(reading, "impression", text),
        recommendations=reading.recommendations or ready_sentences(reading, "advice", text),
        opinion=_opinion(reading, text),
        override=override_text(reading.override, language),
        no_alert=ready_reason(language, "no_alert", reading.no_alert) if reading.no_alert else None,
    )


def ready_sentences(reading: Reading, section: str, text: Lookup) -> str | None:
    """The texts of all ready readings of the draft, each once."""
    return " ".join(dict.fromkeys(text(section, name) for name in names_in(reading.diagnosis))) or None


def conflict_text(key: str, language: Language) -> str:
    """One contradiction, from its stored key, as a sentence."""
    check, _, finding = key.partition(":")
    name = ready_text(language, "finding", finding) if check != Check.ADVICE else ""
    return ready_text(language, "conflict", check).format(finding=name)


def override_text(override: Mapping[str, Any] | None, language: Language) -> str | None:
    """The contradictions that the doctor signs with a reason, one in a line, then the reason; None without any.

    `override` as in a reading or an amendment: `{"checks": […], "reason": …}`."""
    if not override or not override["checks"]:
        return None
    reason = ready_reason(language, "override", override["reason"])
    lines = [conflict_text(key, language) for key in override["checks"]]
    return "\n".join([*lines, ready_text(language, "reading", "reason").format(reason=reason)])


def ready_reason(language: Language, section: str, reason: str) -> str:
    """A ready reason is stored as its key, `section.name`; a typed one as text."""
    prefix, _, name = reason.partition(".")
    ready = prefix == section and name in {*OVERRIDE_REASONS, *NO_ALERT_REASONS}
    return ready_text(language, section, name) if ready else reason


def _opinion(reading: Reading, text: Lookup) -> Opinion | None:
    if reading.agrees is None:
        return None
    return Opinion(agrees=reading.agrees, reason=_reason(reading.why, text), seen=reading.difference_seen)


def earlier_scan(scan: Scan, zone: ZoneInfo) -> EarlierScan:
    """A scan for comparison, dated in the hospital's time zone."""
    return EarlierScan(
        on=scan.created_at.astimezone(zone).date(),
        modality=scan.finding.modality if scan.finding else scan.modality,
        number=report_number(scan),
    )


def _critical(scan: Scan) -> CriticalResultSection | None:
    """The critical result as it was when the administrator confirmed the report."""
    critical, reading = scan.critical, scan.reading
    if critical is None or reading is None:
        return None
    until = scan.released_at or datetime.now(UTC)
    times = (critical.told_at, critical.acknowledged_at)
    notified_at, acknowledged_at = (at if at and at <= until else None for at in times)
    language = report_language(scan.patient.language)
    finding = (
        reading.impression or ready_sentences(reading, "impression", partial(ready_text, language)) or reading.findings
    )
    return CriticalResultSection(
        finding=finding or ready_text(language, "summary", "regions"),
        told=scan.patient.name if notified_at else None,
        told_at=notified_at,
        acknowledged_at=acknowledged_at,
    )


def build_full_reading(
    scan: Scan, reading: Reading, language: Language, earlier: Sequence[EarlierScan]
) -> ReadingSection:
    """The reading with the scans for comparison and the communication of a critical result."""
    section = build_reading(reading, scan.finding.modality if scan.finding else scan.modality, language)
    return replace(section, comparison=tuple(earlier), critical=_critical(scan))


def build_summary(reading: Reading, prescription: Prescription | None, language: Language) -> Summary | None:
    """The patient's summary, from the doctor's reading alone; nothing of it comes from the model."""
    if reading.band is None:
        return None
    text = partial(ready_text, language)
    picked = None if reading.impression else ready_sentences(reading, "plain", text)
    typed = (reading.own_reading, picked or reading.impression or reading.findings, _further(reading, language))
    advice = reading.recommendations or ready_sentences(reading, "advice", text)
    medicine = text("summary", "medicine") if prescription and prescription.lines else None
    return Summary(
        band=Band(reading.band),
        text="\n".join(filter(None, typed)) or text("summary", "regions"),
        steps=tuple(filter(None, (medicine, advice))),
    )


def _further(reading: Reading, language: Language) -> str | None:
    """The phrases of the regions that the ready readings do not contain, so that the page leaves no finding out."""
    ready = [DIAGNOSES[name].phrases for name in names_in(reading.diagnosis)]
    codes = [
        code
        for region, seen in (reading.regions or {}).items()
        for code in seen.get("phrases", ())
        if not any(code in phrases.get(Region(region), ()) for phrases in ready)
    ]
    if not codes:
        return None
    findings = "; ".join(ready_text(language, "phrase", code) for code in codes)
    return ready_text(language, "summary", "also" if reading.diagnosis else "saw").format(findings=findings)


def _region(region: Region, regions: Mapping[str, Any], text: Lookup, stop: str) -> RegionFinding:
    found = regions[region]
    codes, typed = tuple(found.get("phrases", ())), found.get("text")
    texts = [*(f"{text('phrase', code)}{stop}" for code in codes), *filter(None, [typed])]
    return RegionFinding(region=region, text=" ".join(texts) or None, codes=codes)


def _reason(why: str | None, text: Lookup) -> str | None:
    """A ready reason is stored as its key, a typed one as text."""
    return text("why", why.removeprefix("why.")) if why and why.startswith("why.") else why
