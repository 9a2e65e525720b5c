"""The report as one HTML page: every typed word escaped, every missing value an error or nothing at all."""

import dataclasses
from datetime import date
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.content.canonical import content_hash
from reports.content.document import Document, Indication, Medicine, Prescription, Status, Technique
from reports.pdf.words import Words

COLUMNS: Final = tuple(field.name for field in dataclasses.fields(Medicine))


def compose(document: Document) -> str:
    """The whole report as HTML; its pictures are `asset:` addresses that only the press can resolve."""
    words = Words(document.language, document.zone)
    return (
        _templates()
        .get_template("report.html")
        .render(
            document=document,
            say=words.say,
            label=words.label,
            day=words.day,
            moment=words.moment,
            percent=words.percent,
            offset=words.offset,
            title=words.say(f"title.{document.technique.modality}"),
            age=_age(document),
            indication=_reason(words, document.indication),
            received=_received(words, document.technique),
            columns=_columns(document.prescription),
            notices=_notices(words, document),
            standing=_standing(words, document),
            mark=_watermark(words, document),
            code=_code(document.stamp.verify_url),
            hash=content_hash(document),
        )
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _age(document: Document) -> int | None:
    """Whole years on the day of issue, by the clinic's calendar."""
    born, today = document.patient.born, document.issued_at.astimezone(document.zone).date()
    return _years(born, today) if born else None


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _reason(words: Words, indication: Indication | None) -> str:
    if indication is None:
        return ""
    since = words.say("examination.since", since=indication.since) if indication.since else None
    return ", ".join(part for part in (indication.symptoms, since) if part)


def _received(words: Words, technique: Technique) -> str:
    at = words.moment(technique.received_at) if technique.received_at else None
    width, height = technique.size or (0, 0)
    size = words.say("examination.size", width=width, height=height) if technique.size else None
    return ", ".join(part for part in (at, size) if part)


def _columns(prescription: Prescription | None) -> list[str]:
    """The columns that any line fills: an empty column would ask for what nobody prescribed."""
    lines = prescription.lines if prescription else ()
    return [column for column in COLUMNS if any(getattr(line, column) for line in lines)]


def _notices(words: Words, document: Document) -> list[str]:
    draft = document.stamp.draft
    told = {
        words.say("stamp.draft_note"): draft,
        words.say("stamp.preliminary_note"): document.status is Status.PRELIMINARY and not draft,
    }
    return [notice for notice, holds in told.items() if holds]


def _standing(words: Words, document: Document) -> str:
    """What this copy is worth: a draft of a final report is no final report."""
    if document.stamp.draft:
        return words.say("stamp.draft")
    return words.say(f"status.{document.status}")


def _watermark(words: Words, document: Document) -> dict[str, object] | None:
    """A warning across every page, as large as the page allows; None where the seal says that all is well."""
    if document.counts:
        return None
    text = _standing(words, document)
    return {"text": text, "size": min(120, 900 // len(text))}


def _code(address: str | None) -> tuple[int, str] | None:
    if address is None:
        return None
    from reports.pdf.qr import draw_code  # noqa: PLC0415  # OpenCV is heavy, and most reports carry no code

    return draw_code(address)
