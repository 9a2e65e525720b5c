"""The draft of a prescription: each line as it was read, alerts with their source, and facts that are missing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from aiogram.types import InlineKeyboardMarkup

from handlers.ui.callbacks import CardAction
from handlers.ui.callbacks.prescription import ChangeLine, OverrideAlerts, PickMedicine, RemoveLine, TakeProposal
from handlers.ui.keyboards import Buttons, card_keyboard, prescription_templates, rows, stack
from handlers.ui.texts import Html, Texts
from handlers.views.identity import identity_line
from models.tables.scans import Prescription, Scan
from workflow.formulary.doses import plain
from workflow.formulary.load import Formulary
from workflow.prescriptions import prescribing, proposing
from workflow.prescriptions.prescribing import MEDICINES
from workflow.reporting.language import report_language
from workflow.reporting.prescription import prescription_text
from workflow.scans.draft_hash import draft_hash
from workflow.scans.patient_facts import are_old

UNREAD: Final[Mapping[str, Any]] = {"kind": "unclear", "checked": False}  # a line of before lines were read
BUTTONS_IN_A_ROW: Final = 4
PARTS_OF_DAY: Final = ("🌅", "☀️", "🌇", "🌙")


def prescription_line(line: str, texts: Texts) -> str:
    """A prescription line in the reader's language, its parts separated by commas."""
    text = prescription_text(line, report_language(texts.language))
    return ", ".join(part.strip() for part in text.split("|") if part.strip())


def marked_lines(prescription: Prescription, texts: Texts) -> list[str]:
    """The lines for a card; a medicine that could not be read for sure is marked as unchecked."""
    mark = f" [{texts.plain('rx.unchecked')}]"
    return [
        prescription_line(line, texts) + (mark if _is_unchecked(data) else "")
        for line, data in _lines_as_data(prescription)
    ]


def prescription_blocks(prescription: Prescription, texts: Texts, fit: Callable[[str], str], due: bool) -> list[Html]:
    """The card's paragraphs: medicines, overrides, and the doctor's countersignature, `due` or given."""
    medicines = "; ".join(marked_lines(prescription, texts)) or texts.plain("card.no_medicine")
    words = fit(medicines) if prescription.lines else medicines
    blocks = [texts("card.prescription", words=words, name=prescription.pharmacist.name)]
    blocks += override_lines(prescription, texts)
    if due:
        blocks.append(texts("card.countersignature_due"))
    elif prescription.prescriber and prescription.countersigned_at:
        at = texts.time(prescription.countersigned_at)
        blocks.append(texts("card.countersigned", name=prescription.prescriber.name, time=at))
    return blocks


def draft_blocks(scan: Scan, texts: Texts, at: datetime, formulary: Formulary) -> list[Html]:
    """The text that "Complete" signs: the lines as data, every alert with reason and source, the missing facts."""
    prescription = scan.prescription
    if prescription is None:
        return [identity_line(scan, texts), texts("prescribe.emptied")]
    numbered = enumerate(_lines_as_data(prescription), 1)
    proposed = proposing.proposed_lines(scan)
    doctor = scan.reading.doctor.name if scan.reading else ""
    by = {line: Html(f"\n{texts('proposal.line', name=doctor)}") for line in proposed}
    lines = [Html(_draft_line(number, line, data, texts) + by.get(line, "")) for number, (line, data) in numbered]
    written = texts("prescribe.written", lines=Html("\n".join(lines)) if lines else texts("card.no_medicine"))
    blocks = [identity_line(scan, texts), written]
    if alerts := alert_lines(scan, texts, at, formulary):
        blocks += [texts("alert.head"), *alerts]
    if missing := prescribing.missing_facts(scan, at, formulary):
        names = ", ".join(texts.plain(f"fact.{name}") for name in missing)
        blocks.append(texts("facts.missing", names=names))
    if scan.facts and are_old(scan.facts, at):
        blocks.append(texts("facts.old", date=texts.date_of(scan.facts.asked_at)))
    return blocks


def proposal_blocks(scan: Scan, texts: Texts, at: datetime, formulary: Formulary) -> list[Html]:
    """The proposed lines as they were read, and the alerts that they raise for this patient; for the doctor."""
    proposed = (scan.reading and scan.reading.proposed) or ()
    read = zip(proposed, proposing.read_proposal(scan, formulary), strict=True)
    lines = [_draft_line(number, line, data.as_dict(), texts) for number, (line, data) in enumerate(read, 1)]
    blocks = [identity_line(scan, texts), texts("proposal.kept", lines=Html("\n".join(lines)))]
    if alerts := proposing.alerts_of_proposal(scan, at, formulary):
        blocks += [texts("alert.head"), *(texts("alert.line", **_alert_values(one.as_dict(), texts)) for one in alerts)]
    return blocks


def proposed_blocks(scan: Scan, texts: Texts) -> list[Html]:
    """The waiting proposal with its lines and its author; for the pharmacist."""
    if not (lines := proposing.proposed_lines(scan)) or scan.reading is None:
        return []
    return [texts("proposal.by", name=scan.reading.doctor.name, lines="\n".join(lines))]


def prescription_keyboard(texts: Texts, scan: int, ready: Sequence[str], is_proposed: bool) -> InlineKeyboardMarkup:
    """The proposal's button where there is one, the ready lines, and the way to pick another."""
    takes: Buttons = [(texts.plain("button.take_proposal"), TakeProposal(scan_id=scan))]
    return stack(rows(takes if is_proposed else []), prescription_templates(texts, ready))


def alert_lines(scan: Scan, texts: Texts, at: datetime, formulary: Formulary) -> list[Html]:
    """Every alert of the prescription; below an overridden one the reason against it."""
    found = []
    for alert in prescribing.alerts_of(scan, at, formulary):
        reason = prescribing.reason_against(scan, alert)
        lines = [texts("alert.line", **_alert_values(alert.as_dict(), texts))]
        if reason is not None:
            lines.append(texts("alert.overridden", reason=reason))
        found.append(Html("\n".join(lines)))
    return found


def override_lines(prescription: Prescription, texts: Texts) -> list[Html]:
    """The alerts that the pharmacist went on against, each with the reason."""
    return [
        texts("card.override", reason=one["reason"], **_alert_values(one, texts))
        for one in prescription.overrides or []
    ]


def draft_keyboard(scan: Scan, texts: Texts, at: datetime, formulary: Formulary) -> InlineKeyboardMarkup | None:
    """Complete, Prescribe, picking, change and remove for each line, and where alerts are open the way to go on."""
    if scan.prescription is None:
        return card_keyboard(scan, [CardAction.PRESCRIBE, CardAction.NO_MEDICINE], texts)
    signing = card_keyboard(scan, [CardAction.COMPLETE, CardAction.PRESCRIBE], texts)
    assert signing is not None
    by_line: Buttons = []
    for index in range(len(scan.prescription.lines)):
        where = {"scan_id": scan.id, "index": index, "draft_hash": draft_hash(scan)}
        by_line.append((texts.plain("button.change_line", number=index + 1), ChangeLine(**where)))
        by_line.append((texts.plain("button.remove_line", number=index + 1), RemoveLine(**where)))
    picking: Buttons = [(texts.plain("button.pick"), PickMedicine())]
    going_on: Buttons = (
        [(texts.plain("button.override"), OverrideAlerts(scan_id=scan.id))]
        if prescribing.open_alerts(scan, at, formulary)
        else []
    )
    return stack(rows(going_on), signing, rows(picking), rows(by_line, BUTTONS_IN_A_ROW))


def parts_of_day(dosage: Mapping[str, Any], taken_only: bool = False) -> str | None:
    """Morning, noon, evening and night as the report draws them for the patient."""
    amounts = zip(PARTS_OF_DAY, dosage.get("parts") or (), strict=False)
    return " ".join(f"{sign}{plain(amount)}" for sign, amount in amounts if amount or not taken_only) or None


def _draft_line(number: int, line: str, data: Mapping[str, Any], texts: Texts) -> Html:
    values = {"number": number, "text": prescription_line(line, texts)}
    if data["kind"] not in MEDICINES:
        return texts("rx.note", **values)
    key = "rx.unchecked_line" if _is_unchecked(data) else "rx.line"
    return texts(key, data=" · ".join(_data_parts(data, texts)), **values)


def _data_parts(data: Mapping[str, Any], texts: Texts) -> Sequence[str]:
    """Substances, strength, dose, how often and how long; what the line does not say is left out."""
    times, days = data.get("times_per_day"), data.get("days")
    parts = [" + ".join(data.get("substances") or ()), data.get("strength"), data.get("dose")]
    if data.get("strength") == data.get("dose"):
        parts.pop()
    parts.append(texts.plain("rx.times", times=times) if times is not None else None)
    parts.append(texts.plain("rx.as_needed") if data.get("as_needed") else None)
    parts.append(texts.plain("rx.days", days=timedelta(days=days)) if days else None)
    parts.append(parts_of_day(data.get("dosage") or {}))
    return [part for part in parts if part]


def _lines_as_data(prescription: Prescription) -> list[tuple[str, Mapping[str, Any]]]:
    read: Sequence[Mapping[str, Any]] = [UNREAD] * len(prescription.lines)
    if prescription.read is not None:
        read = prescription.read
    return list(zip(prescription.lines, read, strict=True))


def _is_unchecked(data: Mapping[str, Any]) -> bool:
    return data["kind"] in MEDICINES and not data["checked"]


def _alert_values(alert: Mapping[str, Any], texts: Texts) -> dict[str, object]:
    return {
        "level": texts(f"alert.{alert['level']}"),
        "kind": texts(f"alert_kind.{alert['kind']}"),
        "about": ", ".join(alert["about"]),
        "why": alert["why"],
        "source": alert["source"],
    }
