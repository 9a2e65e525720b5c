"""A doctor's own phrases: the list to pick from, and the list to delete from."""

from collections.abc import Callable, Sequence
from typing import Final

from handlers.ui.callbacks import OnReading
from handlers.ui.callbacks.reading import DeletePhrase, UsePhrase
from handlers.ui.keyboards import rows, stack
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts
from handlers.views.identity import identity_line
from handlers.views.paging import fit_message, join_blocks, truncate
from handlers.views.reading.consistency import DRAFT_VIEW
from models.tables.scans import Scan
from workflow.scans.presets import OwnPhrase

OWN: Final = "own"  # parts of a draft, as in `OnReading`
OWN_DELETE: Final = "own-delete"
KEEP: Final = "own-keep"
SHOWN: Final = 160  # characters of each phrase in the list


def phrases_view(scan: Scan, part: str, phrases: Sequence[OwnPhrase], texts: Texts) -> View:
    """The phrases with a button each: to add one to the draft, or to delete it when `part` is OWN_DELETE."""
    deletes = part == OWN_DELETE
    head = texts("phrase.delete" if deletes else "phrase.list" if phrases else "phrase.none", scan=scan.id)

    def lines(fit: Callable[[str], str]) -> list[Html]:
        return [texts("phrase.line", name=one.name, words=fit(truncate(one.text, SHOWN))) for one in phrases]

    picks = [
        (f"🗑 {one.name}", DeletePhrase(scan_id=scan.id, number=one.number))
        if deletes
        else (one.name, UsePhrase(scan_id=scan.id, number=one.number))
        for one in phrases
    ]
    more = [(texts.plain("button.back"), OnReading(scan_id=scan.id, part=OWN if deletes else DRAFT_VIEW))]
    if phrases and not deletes:
        more.append((texts.plain("button.delete_phrase"), OnReading(scan_id=scan.id, part=OWN_DELETE)))
    text, _ = fit_message(lambda fit: join_blocks(identity_line(scan, texts), head, *lines(fit)))
    return View(text, stack(rows(picks), rows(more)))
