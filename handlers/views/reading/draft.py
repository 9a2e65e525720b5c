"""The doctor's draft, composed with buttons: the views of the draft, its regions, and one region."""

from collections.abc import Iterable, Sequence
from typing import Final

from aiogram.types import InlineKeyboardMarkup

from handlers.ui.callbacks import CardAction, Diagnose, OnReading, SetBand, SetPhrase
from handlers.ui.callbacks.reading import AmendBand, SetModelComment, StartFrom
from handlers.ui.keyboards import Buttons, button_data, rows, stack
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts
from handlers.views.cards import draft_lines
from handlers.views.identity import identity_line
from handlers.views.paging import fit_message, join_blocks
from handlers.views.reading import consistency, own_phrases, ready
from models.tables.scans import Scan
from models.vocabulary import Band
from reports.content.phrases import COMMON_DIAGNOSES, COMMON_PHRASES, DIAGNOSES
from reports.content.reading import REGIONS, Region
from reports.pdf.words import catalogue
from workflow.guards import needs_own_reading
from workflow.reporting.language import report_language
from workflow.scans.drafts import kept_drafts
from workflow.scans.reading import modality_of, regions_of

REGIONS_VIEW: Final = "regions"
DRAFT_VIEW: Final = consistency.DRAFT_VIEW
IMPRESSION: Final = "impression"
MODEL_COMMENT: Final = "why"
CONCLUSION: Final = "conclusion"
REST_NORMAL: Final = "rest"
PROPOSAL: Final = "rx"
NO_PROPOSAL: Final = "rx-none"
REGION_TEXT: Final = "words-"  # before the name of a region: typed text about it
BAND_SYMBOLS: Final = {Band.NO_ACTION: "🟢", Band.SEE_DOCTOR: "🟡", Band.URGENT: "🔴"}
MODEL_COMMENTS: Final = ("right_place", "wrong_place", "overcalled", "missed")


def report_word(texts: Texts, section: str, name: str) -> str:
    """A word of the report in the reader's language."""
    return catalogue(report_language(texts.language))[section][name]


def diagnosis_keyboard(texts: Texts, scan: int, modality: str, recent: Sequence[str] = ()) -> InlineKeyboardMarkup:
    """The normal ready reading on top, the last used and the common ones, the others by region, the way to the regions.

    `recent`: the last used ones that fit the scan."""
    normal, *common = (name for name, one in COMMON_DIAGNOSES.items() if one.modality == modality)
    last = [name for name in recent if name in DIAGNOSES and name != normal][: ready.MOST_RECENT]
    marks = {normal: "✅ ", **dict.fromkeys(last, "🕘 ")}
    first, *picks = [
        (f"{marks.get(name, '')}{report_word(texts, 'diagnosis', name)}", Diagnose(scan_id=scan, name=name))
        for name in (normal, *last, *(one for one in common if one not in last))
    ]
    by_region = [(texts.plain("button.by_regions"), OnReading(scan_id=scan, part=REGIONS_VIEW))]
    groups = ready.group_buttons(texts, scan, modality)
    return stack(rows([first]), rows(picks), rows(groups), rows(by_region))


def model_comment_keyboard(texts: Texts, scan: int) -> InlineKeyboardMarkup:
    return rows(
        [(report_word(texts, "why", name), SetModelComment(scan_id=scan, name=name)) for name in MODEL_COMMENTS],
        width=1,
    )


def band_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"band.{band}"), AmendBand(band=band)) for band in Band], width=1)


def draft_view(scan: Scan, texts: Texts) -> View:
    """The whole text that "Verify" signs, and the buttons that change it.

    While a required own reading is missing, a button for it replaces "Verify"."""
    assert scan.finding is not None
    assert scan.reading is not None
    certain, needs_own = not scan.finding.uncertain, needs_own_reading(scan)
    signs = [CardAction.VERIFY_AGREE, CardAction.VERIFY_DISAGREE] if certain else [CardAction.VERIFY]
    opens = [REGIONS_VIEW, IMPRESSION, *([MODEL_COMMENT] if certain else [])]
    changes = [(texts.plain(f"button.by_{name}"), OnReading(scan_id=scan.id, part=name)) for name in opens]
    changes = [(texts.plain("button.add_reading"), OnReading(scan_id=scan.id, part=ready.MORE)), *changes]
    more = [CardAction.WRITE_FINDINGS, CardAction.PREVIEW, *([] if scan.critical else [CardAction.CRITICAL])]
    lights = [(_band_label(band, scan.reading.band), SetBand(scan_id=scan.id, band=band)) for band in Band]
    sign, also = (
        [(texts.plain(f"button.{action}"), button_data(scan, action)) for action in actions]
        for actions in (signs, more)
    )
    conclude = [(texts.plain("button.by_conclusion"), OnReading(scan_id=scan.id, part=CONCLUSION))]
    first = rows(conclude) if needs_own else rows(sign)  # "Verify" would be refused
    head = texts("reading.owes_conclusion" if needs_own else "reading.written", scan=scan.id)
    warned = consistency.warnings(scan, texts)
    keeps = [(texts.plain("button.keep_phrase"), OnReading(scan_id=scan.id, part=own_phrases.KEEP))]
    changes.append((texts.plain("button.propose"), OnReading(scan_id=scan.id, part=PROPOSAL)))
    changes = [*changes, *(keeps if scan.reading.impression else [])]
    head = join_blocks(identity_line(scan, texts), head)
    text, cut = fit_message(lambda fit: join_blocks(head, Html("\n".join(draft_lines(scan, texts, fit))), *warned))
    if cut:
        also = [*also, (texts.plain(f"button.{CardAction.READ_ALL}"), button_data(scan, CardAction.READ_ALL))]
    reasons = [*kept_draft_buttons(scan, texts), *consistency.reason_buttons(scan, texts)]
    return View(text, stack(first, rows(lights, width=3), rows([*changes, *also]), rows(reasons)))


def proposal_keyboard(scan: Scan, texts: Texts) -> InlineKeyboardMarkup:
    """Below a proposal: back to the draft, type it anew, or take it back."""
    parts = {"to_draft": DRAFT_VIEW, "propose": PROPOSAL, "no_proposal": NO_PROPOSAL}
    return rows(
        [(texts.plain(f"button.{name}"), OnReading(scan_id=scan.id, part=part)) for name, part in parts.items()]
    )


def kept_draft_buttons(scan: Scan, texts: Texts) -> Buttons:
    """A button for the kept draft of each other doctor."""
    return [
        (texts.plain("button.start_from", name=one.doctor.name), StartFrom(scan_id=scan.id, number=one.number))
        for one in kept_drafts(scan)
    ]


def regions_view(scan: Scan, texts: Texts) -> View:
    """Every region with its mark: not assessed, normal, or with a finding."""
    seen = regions_of(scan)
    marks = {
        region: "⚪" if region not in seen else "✏️" if _has_finding(seen[region]) else "✅"
        for region in _regions_in(scan)
    }
    opens = [
        (f"{mark} {report_word(texts, 'region', region)}", OnReading(scan_id=scan.id, part=region))
        for region, mark in marks.items()
    ]
    rest = (texts.plain("button.rest_normal"), OnReading(scan_id=scan.id, part=REST_NORMAL))
    done = (texts.plain("button.to_draft"), OnReading(scan_id=scan.id, part=DRAFT_VIEW))
    head = Html(f"{identity_line(scan, texts)}\n{texts('reading.regions', scan=scan.id)}")
    text, _ = fit_message(lambda fit: Html("\n".join([head, *draft_lines(scan, texts, fit)])))
    return View(text, stack(rows(opens), rows([rest, done])))


def region_view(scan: Scan, name: Region, texts: Texts) -> View:
    """One region: normal, its phrases, or typed text. Each button states the new value, so that two presses are one."""
    seen = regions_of(scan).get(name)
    chosen = seen.get("phrases", ()) if seen else ()
    normal = (f"✅ {report_word(texts, 'reading', 'normal')}", SetPhrase(scan_id=scan.id, region=name))
    common = COMMON_PHRASES[name]
    phrases = [
        (
            f"{'☑️' if code in chosen else '▫️'} {report_word(texts, 'phrase', code)}",
            SetPhrase(scan_id=scan.id, region=name, phrase=code, on=code not in chosen),
        )
        for code in (*common, *(one for one in chosen if one not in common))
    ]
    typed = (texts.plain("button.in_words"), OnReading(scan_id=scan.id, part=REGION_TEXT + name))
    back = (texts.plain("button.back"), OnReading(scan_id=scan.id, part=REGIONS_VIEW))
    region = report_word(texts, "region", name)
    head = Html(f"{identity_line(scan, texts)}\n{texts('reading.one_region', region=region)}")
    text, _ = fit_message(lambda fit: Html("\n".join([head, *draft_lines(scan, texts, fit, only=name)])))
    return View(text, stack(rows([normal]), rows(phrases, width=1), rows([typed, back])))


def _regions_in(scan: Scan) -> Iterable[Region]:
    return REGIONS[modality_of(scan)]


def _has_finding(seen: dict[str, object]) -> bool:
    return bool(seen.get("phrases") or seen.get("text"))


def _band_label(band: Band, chosen: str | None) -> str:
    return f"{BAND_SYMBOLS[band]} ✔" if band == chosen else BAND_SYMBOLS[band]
