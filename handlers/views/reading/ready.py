"""Ready readings by region and side, for the doctor's draft. Each pick is added to the draft."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from handlers.ui.callbacks import OnReading
from handlers.ui.callbacks.reading import AddReading
from handlers.ui.keyboards import rows, stack
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts
from handlers.views.cards import draft_lines
from handlers.views.identity import identity_line
from handlers.views.paging import fit_message
from handlers.views.reading.consistency import DRAFT_VIEW
from handlers.views.reading.own_phrases import OWN
from models.tables.scans import Scan
from reports.content.reading import REGIONS, Region
from reports.content.ready import FAMILIES, Family
from reports.pdf.words import catalogue
from workflow.errors import StaleAction
from workflow.reporting.language import report_language
from workflow.scans.reading import modality_of, offered

MORE: Final = "more"
GROUP: Final = "group-"  # before the name of a region
SIDES: Final = "sides-"  # before the name of a ready reading
MOST_RECENT: Final = 4  # buttons of last used readings


def is_ready_part(part: str) -> bool:
    return part == MORE or part.startswith((GROUP, SIDES))


def ready_view(scan: Scan, part: str, texts: Texts, recent: Sequence[str] = ()) -> View:
    """The regions with ready readings, those of one region, or the sides of one; those of `recent` stand first.

    Raises StaleAction for another part."""
    if part == MORE:
        last = [name for name in recent if name in offered(scan)][:MOST_RECENT]
        again = [(f"🕘 {_word(texts, 'diagnosis', name)}", AddReading(scan_id=scan.id, name=name)) for name in last]
        own = [(texts.plain("button.own_phrases"), OnReading(scan_id=scan.id, part=OWN))]
        head = texts("reading.ready", scan=scan.id)
        buttons = stack(rows(again), rows(own), rows(group_buttons(texts, scan.id, modality_of(scan))))
    elif part.startswith(GROUP):
        region = part.removeprefix(GROUP)
        families = sorted((one for one in offered_families(scan) if one.region == region), key=_by_use(recent))
        if not families:
            raise StaleAction
        head = texts("reading.ready_group", scan=scan.id, region=_word(texts, "region", region))
        buttons = rows(_picks(families, texts, scan.id))
    else:
        family = next((one for one in offered_families(scan) if one.name == part.removeprefix(SIDES)), None)
        if family is None:
            raise StaleAction
        head = texts("reading.ready_side", scan=scan.id, finding=_word(texts, "family", family.name))
        buttons = rows(_sides(family, texts, scan.id), width=1)
    back = [(texts.plain("button.back"), OnReading(scan_id=scan.id, part=_above(part)))]
    text, _ = fit_message(
        lambda fit: Html("\n".join([identity_line(scan, texts), head, *draft_lines(scan, texts, fit)]))
    )
    return View(text, stack(buttons, rows(back)))


def group_buttons(texts: Texts, scan_id: int, modality: str) -> Sequence[tuple[str, OnReading]]:
    """A button for each region of the modality that has ready readings."""
    regions = {one.region for one in FAMILIES.values()}
    return [
        (f"➕ {_word(texts, 'region', region)}", OnReading(scan_id=scan_id, part=GROUP + region))
        for region in REGIONS[modality]
        if region in regions
    ]


def _by_use(recent: Sequence[str]) -> Callable[[Family], int]:
    """The sort key that puts the last used families first and leaves the others in their order."""
    place = {name: index for index, name in enumerate(recent)}
    return lambda family: min(place.get(code, len(place)) for code in family.codes)


def _above(part: str) -> str:
    """The part that "Back" opens."""
    if part.startswith(SIDES):
        return GROUP + FAMILIES[part.removeprefix(SIDES)].region
    return MORE if part.startswith(GROUP) else DRAFT_VIEW


def offered_families(scan: Scan) -> Iterable[Family]:
    """The families all of whose variants fit the scan."""
    names = offered(scan)
    return [one for one in FAMILIES.values() if all(code in names for code in one.codes)]


def _picks(families: Iterable[Family], texts: Texts, scan_id: int) -> Iterable[tuple[str, AddReading | OnReading]]:
    for family in families:
        opens = OnReading(scan_id=scan_id, part=SIDES + family.name)
        adds = AddReading(scan_id=scan_id, name=family.name)
        yield _word(texts, "family", family.name), opens if family.sides else adds


def _sides(family: Family, texts: Texts, scan_id: int) -> Iterable[tuple[str, AddReading]]:
    for code in family.codes:
        yield _word(texts, "diagnosis", code), AddReading(scan_id=scan_id, name=code)


def _word(texts: Texts, section: str, name: str | Region) -> str:
    return catalogue(report_language(texts.language))[section][name]
