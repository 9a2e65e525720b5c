"""Render the report as one HTML page: all text is escaped, a missing template value is an error."""

from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from models.vocabulary import MODEL_CLASSES, ReportStatus
from reports.content.canonical import content_hash
from reports.content.document import MEDICINE_TEXTS, Document, Indication, PrescriptionSection, Technique
from reports.content.slip import ClaimSlip
from reports.pdf.dosage import PARTS, DosageTexts
from reports.pdf.qr import draw_qr
from reports.pdf.words import ReportTexts


def compose(document: Document) -> str:
    """The report as HTML. Pictures are `asset:` URLs that `reports.pdf.render` resolves."""
    texts = ReportTexts(document.language, document.zone)
    dosages = DosageTexts(texts)
    return (
        _templates()
        .get_template("report.html")
        .render(
            document=document,
            text=texts.text,
            label=texts.label,
            day=texts.day,
            moment=texts.moment,
            percent=texts.percent,
            offset=texts.offset,
            title=texts.text(f"title.{document.technique.modality}"),
            age=_age(document),
            indication=_reason(texts, document.indication),
            received=_received(texts, document.technique),
            columns=_columns(document.prescription),
            classes=_classes(document),
            parts_of_day=PARTS,
            dosage=dosages,
            how_taken=dosages.how_taken,
            notices=_notices(texts, document),
            status_text=_status_text(texts, document),
            mark=_watermark(texts, document),
            qr=document.stamp.verify_url and draw_qr(document.stamp.verify_url),
            hash=content_hash(document),
        )
    )


def compose_slip(slip: ClaimSlip) -> str:
    """A claim slip as HTML."""
    texts = ReportTexts(slip.language, ZoneInfo("UTC"))
    template = _templates().get_template("claim_slip.html")
    return template.render(slip=slip, text=texts.text, day=texts.day, qr=draw_qr(slip.link))


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
    """Age in whole years on the day of issue, in the report's time zone."""
    born, today = document.patient.born, document.issued_at.astimezone(document.zone).date()
    return _years(born, today) if born else None


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _reason(texts: ReportTexts, indication: Indication | None) -> str:
    if indication is None:
        return ""
    since = texts.text("examination.since", since=indication.since) if indication.since else None
    return ", ".join(part for part in (indication.symptoms, since) if part)


def _received(texts: ReportTexts, technique: Technique) -> str:
    at = texts.moment(technique.received_at) if technique.received_at else None
    width, height = technique.size or (0, 0)
    size = texts.text("examination.size", width=width, height=height) if technique.size else None
    return ", ".join(part for part in (at, size) if part)


def _classes(document: Document) -> list[tuple[str, float]]:
    """The model's classes for this kind of scan and their probabilities, the most likely first."""
    own = MODEL_CLASSES[document.technique.modality]
    shares = document.assistance.probabilities if document.assistance else ()
    return sorted(((name, share) for name, share in shares if name in own), key=lambda one: -one[1])


def _columns(prescription: PrescriptionSection | None) -> list[str]:
    """The medicine columns that at least one line fills."""
    lines = prescription.lines if prescription else ()
    return [column for column in MEDICINE_TEXTS if any(getattr(line, column) for line in lines)]


def _notices(texts: ReportTexts, document: Document) -> list[str]:
    draft = document.stamp.draft
    notices = {
        texts.text("stamp.draft_note"): draft,
        texts.text("stamp.preliminary_note"): document.status is ReportStatus.PRELIMINARY and not draft,
    }
    return [notice for notice, shown in notices.items() if shown]


def _status_text(texts: ReportTexts, document: Document) -> str:
    """The status printed on this copy: "draft", or the report's status."""
    if document.stamp.draft:
        return texts.text("stamp.draft")
    return texts.text(f"status.{document.status}")


def _watermark(texts: ReportTexts, document: Document) -> dict[str, object] | None:
    """Text and size of the watermark; None on a final copy, which shows the seal instead."""
    if document.is_final_copy:
        return None
    text = _status_text(texts, document)
    return {"text": text, "size": min(120, 900 // len(text))}
