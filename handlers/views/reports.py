"""Messages about released reports: captions, verification, proposed amendments."""

from typing import Final

from handlers.ui.texts import Html, Texts
from handlers.views.identity import identity_line, who_line
from models.tables.amendments import Amendment
from models.tables.scans import Report, Scan
from workflow.reporting import language
from workflow.reporting.amendments import versioned_number
from workflow.reporting.reading import build_reading, override_text
from workflow.reporting.verification import ReportVersion, Validity
from workflow.scans.reading import modality_of

VERIFY_PREFIX: Final = "verify_"  # of the payload of a deep link
VALIDITY_SYMBOLS: Final = {
    Validity.CURRENT: "✅",
    Validity.SUPERSEDED: "⚠️",
    Validity.WITHDRAWN: "▫️",
    Validity.UNKNOWN: "❌",
}


def report_caption(report: Report, texts: Texts, reader_id: int | None = None) -> Html:
    """Caption for the patient. It carries the passphrase of the mailed copy, which so travels by another channel.

    To a reader who acts for the patient it names the patient."""
    sentence = "report.caption" if report.version == 1 else "report.caption_again"
    caption = texts(sentence, number=report.number, scan=report.scan_id)
    if reader_id not in {None, report.scan.patient_id}:
        caption = Html(f"{caption}\n{who_line(report.scan.patient, texts)}")
    patient = report.scan.patient
    copied = patient.email is not None or (patient.phone is not None and patient.whatsapp)
    if report.passphrase is None or not copied:
        return caption
    return Html(f"{caption}\n\n{texts('report.passphrase', passphrase=report.passphrase)}")


def release_content(scan: Scan, texts: Texts) -> Html:
    """The content that a release code confirms: patient, scan, impression, band, number of medicines."""
    assert scan.reading is not None
    section = build_reading(scan.reading, modality_of(scan), language.report_language(texts.language))
    return texts(
        "release.content",
        identity=identity_line(scan, texts),
        impression=(section.impression or texts.plain("unknown")).rstrip(". "),
        band=texts(f"band.{scan.reading.band}") if scan.reading.band else texts("unknown"),
        medicines=len(scan.prescription.lines) if scan.prescription else 0,
    )


def validity_sentence(version: ReportVersion | None, texts: Texts) -> Html:
    """One sentence on the validity of a version, for the chat and the web page; None is an unknown version."""
    validity = version.validity if version else Validity.UNKNOWN
    return texts(f"verify.{validity}", latest=version.latest if version else "")


def amendment_values(scan: Scan, change: Amendment) -> dict[str, object]:
    """Placeholders of the message that asks administrators to decide on an amendment, but for its words."""
    values = {"doctor": change.doctor.name, "reason": change.reason}
    return {"scan": scan.id, "report": versioned_number(scan, change.version), **values}


def amendment_words(change: Amendment, texts: Texts) -> str:
    """The changed text, the band, and the contradictions with the doctor's reason."""
    override = override_text(change.override, language.report_language(texts.language))
    band = texts.plain(f"band.{change.band}") if change.band else None
    return "\n".join(filter(None, [change.findings, change.impression, change.recommendations, band, override])) or "–"
