"""Contradictions of a draft, the reasons for signing all the same, the model's answer beside a differing reading."""

from collections.abc import Mapping, Sequence
from typing import Final

from handlers.ui.callbacks import OnReading
from handlers.ui.callbacks.consistency import GiveReason, SignDifferent
from handlers.ui.callbacks.reading import AmendBand
from handlers.ui.keyboards import Buttons, rows, stack
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts
from handlers.views.cards import draft_lines
from handlers.views.identity import identity_line
from handlers.views.paging import fit_message, join_blocks
from handlers.views.reading.model_answer import short_answer
from models.tables.scans import Scan
from models.vocabulary import Band
from reports.content.phrases import NO_ALERT_REASONS, OVERRIDE_REASONS
from workflow.consistency.checks import Conflict, conflicts, model_differs, open_conflicts
from workflow.reporting.language import ready_text, report_language
from workflow.reporting.reading import conflict_text, override_text, ready_reason
from workflow.scans.draft_hash import draft_hash
from workflow.scans.reading import Reason, raises_critical

DRAFT_VIEW: Final = "draft"
WORDS_SUFFIX: Final = "-words"  # after the name of a `Reason`: it is typed
REASON_BUTTONS: Final = {Reason.OVERRIDE: "button.sign_with_reason", Reason.NO_ALERT: "button.no_alert"}
READY_REASONS: Final[Mapping[Reason, Sequence[str]]] = {
    Reason.OVERRIDE: OVERRIDE_REASONS,
    Reason.NO_ALERT: NO_ALERT_REASONS,
}


def warnings(scan: Scan, texts: Texts) -> list[Html]:
    """Lines below a draft: contradictions, the reason given for them, the alert at signing, the model's difference."""
    assert scan.reading is not None
    language = report_language(texts.language)
    lines = [
        texts("conflict.refused" if one.refused else "conflict.open", words=conflict_text(one.key, language))
        for one in open_conflicts(scan.reading)
    ]
    if given := override_text(scan.reading.override, language):
        lines.append(texts("conflict.reason", words=given))
    if scan.reading.no_alert and scan.reading.band == Band.URGENT:
        reason = ready_reason(language, Reason.NO_ALERT, scan.reading.no_alert)
        lines.append(texts("conflict.no_alert", words=reason))
    elif raises_critical(scan.reading) and scan.critical is None:
        lines.append(texts("conflict.alert"))
    if model_differs(scan) and scan.finding:
        lines.append(texts("conflict.model", answer=short_answer(scan.finding, texts)))
    return lines


def reason_buttons(scan: Scan, texts: Texts) -> Buttons:
    """Buttons of a draft that lead to the reasons that it may need."""
    return [(texts.plain(REASON_BUTTONS[one]), OnReading(scan_id=scan.id, part=one)) for one in reason_subjects(scan)]


def reason_subjects(scan: Scan) -> Sequence[Reason]:
    """The subjects of the reasons that a draft may need."""
    assert scan.reading is not None
    about = [Reason.OVERRIDE] if any(not one.refused for one in conflicts(scan.reading)) else []
    if scan.reading.band == Band.URGENT and scan.critical is None:
        about.append(Reason.NO_ALERT)
    return about


def reason_view(scan: Scan, about: Reason, texts: Texts) -> View:
    """The contradictions, or the alert, and the ready reasons; a button asks for a typed one."""
    language = report_language(texts.language)
    ready = [
        (ready_text(language, about, name), GiveReason(scan_id=scan.id, about=about, name=name))
        for name in READY_REASONS[about]
    ]
    more = [
        (texts.plain("button.in_words"), OnReading(scan_id=scan.id, part=about + WORDS_SUFFIX)),
        (texts.plain("button.back"), OnReading(scan_id=scan.id, part=DRAFT_VIEW)),
    ]
    lines = [identity_line(scan, texts), texts(f"conflict.ask_{about}", scan=scan.id), *warnings(scan, texts)]
    return View(Html("\n\n".join(lines)), stack(rows(ready, width=1), rows(more)))


def contradictions_view(found: Sequence[Conflict], identity: str, texts: Texts) -> View:
    """The contradictions of an amendment, the question for a reason, and the bands to choose another one."""
    language = report_language(texts.language)
    lines = [texts("conflict.open", words=conflict_text(one.key, language)) for one in found]
    bands = [(texts.plain(f"band.{band}"), AmendBand(band=band)) for band in Band]
    return View(join_blocks(Html(identity), *lines, texts("amend.override")), rows(bands, width=1))


def difference_view(scan: Scan, texts: Texts) -> View:
    """The model's answer and the doctor's reading, one above the other, and the button that signs the reading."""
    assert scan.finding is not None
    answer, percent = short_answer(scan.finding, texts), texts.percent(scan.finding.confidence)
    head = join_blocks(identity_line(scan, texts), texts("conflict.ask_difference", scan=scan.id))
    model = texts("conflict.model_says", answer=answer, percent=percent)
    text, _ = fit_message(
        lambda fit: join_blocks(head, model, texts("conflict.you_say"), Html("\n".join(draft_lines(scan, texts, fit))))
    )
    seen = SignDifferent(scan_id=scan.id, draft_hash=draft_hash(scan))
    back = OnReading(scan_id=scan.id, part=DRAFT_VIEW)
    return View(
        text, rows([(texts.plain("button.seen_difference"), seen), (texts.plain("button.back"), back)], width=1)
    )
