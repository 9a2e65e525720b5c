"""What a doctor's draft looks like while it is put together from buttons."""

from collections.abc import Iterable
from typing import Final

from aiogram.types import InlineKeyboardMarkup

from handlers.ui.decisions import press
from handlers.ui.keyboards import AmendBand, CardAction, Diagnose, InRegion, OnReading, SayWhy, SetBand, rows, stack
from handlers.ui.texts import Html, Texts
from handlers.views.cards import View, draft_lines, shortened
from models.tables.scans import Scan
from reports.content.document import Band
from reports.content.phrases import PHRASES, diagnoses
from reports.content.reading import REGIONS, Region
from reports.pdf.words import catalogue
from workflow.reporting.builder import spoken
from workflow.scans.reading import kind_of, regions_of
from workflow.transitions import owes_own_reading

REGIONS_VIEW: Final = "regions"
DRAFT_VIEW: Final = "draft"
IMPRESSION: Final = "impression"
WHY: Final = "why"
CONCLUSION: Final = "conclusion"
REST: Final = "rest"
WORDS: Final = "words-"  # before a region's name: say it in words
LIGHTS: Final = {Band.NO_ACTION: "🟢", Band.SEE_DOCTOR: "🟡", Band.URGENT: "🔴"}
WHYS: Final = ("right_place", "wrong_place", "overcalled", "missed")


def word(texts: Texts, section: str, name: str) -> str:
    """A word of the report, as this reader would find it there."""
    return catalogue(spoken(texts.language))[section][name]


def ready(texts: Texts, scan: int, modality: str) -> InlineKeyboardMarkup:
    """Readings to take over with one press, the normal one alone on top; or region by region."""
    names = diagnoses(modality)
    picks = [(word(texts, "diagnosis", name), Diagnose(scan_id=scan, name=name)) for name in names]
    first = [(f"✅ {label}", press) for label, press in picks[:1]]
    by_region = [(texts.plain("button.by_regions"), OnReading(scan_id=scan, opens=REGIONS_VIEW))]
    return stack(rows(first), rows(picks[1:]), rows(by_region))


def reasons(texts: Texts, scan: int) -> InlineKeyboardMarkup:
    return rows([(word(texts, "why", name), SayWhy(scan_id=scan, name=name)) for name in WHYS], width=1)


def bands(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"band.{band}"), AmendBand(band=band)) for band in Band], width=1)


def draft(scan: Scan, texts: Texts) -> View:
    """All that "Verify" signs, and the buttons that change it; before it may be signed, the one that makes it whole."""
    assert scan.finding is not None
    assert scan.reading is not None
    certain, owed = not scan.finding.uncertain, owes_own_reading(scan)
    signs = [CardAction.VERIFY_AGREE, CardAction.VERIFY_DISAGREE] if certain else [CardAction.VERIFY]
    opens = [REGIONS_VIEW, IMPRESSION, *([WHY] if certain else [])]
    changes = [(texts.plain(f"button.by_{name}"), OnReading(scan_id=scan.id, opens=name)) for name in opens]
    more = [CardAction.FINDINGS, CardAction.PREVIEW, *([] if scan.critical else [CardAction.CRITICAL])]
    lights = [(_light(band, scan.reading.band), SetBand(scan_id=scan.id, band=band)) for band in Band]
    sign, also = (
        [(texts.plain(f"button.{action}"), press(scan, action)) for action in actions] for actions in (signs, more)
    )
    conclude = [(texts.plain("button.by_conclusion"), OnReading(scan_id=scan.id, opens=CONCLUSION))]
    first = rows(conclude) if owed else rows(sign)  # "Verify" would only refuse
    head = texts("reading.owes_conclusion" if owed else "reading.written", scan=scan.id)
    text, cut = shortened(lambda fit: Html("\n\n".join([head, "\n".join(draft_lines(scan, texts, fit))])))
    if cut:
        also = [*also, (texts.plain(f"button.{CardAction.READ_ALL}"), press(scan, CardAction.READ_ALL))]
    return View(text, stack(first, rows(lights, width=3), rows([*changes, *also])))


def regions(scan: Scan, texts: Texts) -> View:
    """Every region with its mark: not looked at, normal, or something found."""
    seen = regions_of(scan)
    marks = {region: "⚪" if region not in seen else "✏️" if _found(seen[region]) else "✅" for region in _places(scan)}
    opens = [
        (f"{mark} {word(texts, 'region', region)}", OnReading(scan_id=scan.id, opens=region))
        for region, mark in marks.items()
    ]
    rest = (texts.plain("button.rest_normal"), OnReading(scan_id=scan.id, opens=REST))
    done = (texts.plain("button.to_draft"), OnReading(scan_id=scan.id, opens=DRAFT_VIEW))
    head = texts("reading.regions", scan=scan.id)
    text, _ = shortened(lambda fit: Html("\n".join([head, *draft_lines(scan, texts, fit)])))
    return View(text, stack(rows(opens), rows([rest, done])))


def region(scan: Scan, name: Region, texts: Texts) -> View:
    """One region: normal, the phrases that fit it, or words. A press says what shall be, so that two say the same."""
    seen = regions_of(scan).get(name)
    said = seen.get("phrases", ()) if seen else ()
    normal = (f"✅ {word(texts, 'reading', 'normal')}", InRegion(scan_id=scan.id, region=name))
    phrases = [
        (
            f"{'☑️' if code in said else '▫️'} {word(texts, 'phrase', code)}",
            InRegion(scan_id=scan.id, region=name, phrase=code, on=code not in said),
        )
        for code in PHRASES[name]
    ]
    typed = (texts.plain("button.in_words"), OnReading(scan_id=scan.id, opens=WORDS + name))
    back = (texts.plain("button.back"), OnReading(scan_id=scan.id, opens=REGIONS_VIEW))
    head = texts("reading.one_region", region=word(texts, "region", name))
    text, _ = shortened(lambda fit: Html("\n".join([head, *draft_lines(scan, texts, fit, only=name)])))
    return View(text, stack(rows([normal]), rows(phrases, width=1), rows([typed, back])))


def _places(scan: Scan) -> Iterable[Region]:
    return REGIONS[kind_of(scan)]


def _found(seen: dict[str, object]) -> bool:
    return bool(seen.get("phrases") or seen.get("text"))


def _light(band: Band, chosen: str | None) -> str:
    return f"{LIGHTS[band]} ✔" if band == chosen else LIGHTS[band]
