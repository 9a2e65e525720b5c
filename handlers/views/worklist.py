"""The worklist: two lines for each scan, and the buttons that open, filter and turn it."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final, NamedTuple

from aiogram.types import InlineKeyboardMarkup

from handlers.ui import keyboards
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.callbacks.worklist import ShowQueue
from handlers.ui.keyboards import Buttons, open_amendment
from handlers.ui.texts import Html, Texts
from handlers.views.paging import PAGE_SIZE, truncate
from handlers.views.reading.model_answer import short_answer
from models.tables.amendments import Amendment
from models.tables.scans import Scan
from models.vocabulary import Band, Sex
from workflow.queue.worklist import Place, Priority, QueueFilter

MARKS: Final = {
    Priority.URGENT_WORDS: "🆘",
    Priority.CRITICAL: "🚨",
    Priority.RED: "🔴",
    Priority.STAT: "⚡",
    Priority.WORDS_NOT_NOW: "❗",
    Priority.OVERDUE: "⏰",
}
BAND_MARKS: Final = {Band.URGENT: "🔴", Band.SEE_DOCTOR: "🟡", Band.NO_ACTION: "🟢"}
NO_MARK: Final = "▫️"
NAME, COMPLAINT = 28, 40  # characters that fit on a line of a phone


class QueuePage(NamedTuple):
    """Content of a page: the whole queue, the part that the filter leaves, and the places and scans of the page."""

    every: Sequence[Place]
    part: QueueFilter
    filtered: Sequence[Place]
    page: int
    places: Sequence[Place]
    scans: Sequence[Scan]
    changes: Sequence[Amendment]


class QueueView(NamedTuple):
    text: Html
    scans: Buttons
    filters: Buttons
    turns: Buttons

    @property
    def keyboard(self) -> InlineKeyboardMarkup | None:
        if not self.scans and not self.filters:
            return None
        rows = keyboards.rows(self.scans, width=3), keyboards.rows(self.filters), keyboards.rows(self.turns)
        return keyboards.stack(*rows)


def queue_view(shown: QueuePage, account_id: int | None, at: datetime, texts: Texts) -> QueueView:
    """A page of the queue; it says how many scans there are in all. Changes stand below the first page."""
    if not shown.every and not shown.changes:
        return QueueView(texts("queue.empty"), [], [], [])
    marks = {place.scan_id: MARKS.get(place.priority) for place in shown.places}
    unsigned = {place.scan_id for place in shown.places if place.countersign}
    lines = [
        _scan_lines(scan, marks[scan.id] or _band_mark(scan), at, texts, scan.id in unsigned) for scan in shown.scans
    ]
    buttons: Buttons = [
        (f"{marks[scan.id] or _band_mark(scan)} #{scan.id}", OnCard(action=CardAction.OPEN, scan_id=scan.id))
        for scan in shown.scans
    ]
    changes = [texts("queue.change", scan=one.scan_id, time=texts.time(one.created_at)) for one in shown.changes]
    buttons += [(f"✏️ #{one.scan_id}", open_amendment(one)) for one in shown.changes]
    head = "\n".join([texts("queue.head"), *_totals(shown, texts)])
    text = Html("\n\n".join([head, *lines, *(["\n".join(changes)] if changes else [])]))
    return QueueView(text, buttons, _filters(shown, account_id, texts), _turns(shown))


def _totals(shown: QueuePage, texts: Texts) -> list[Html]:
    """The numbers on this page, of all that the filter leaves, and of the whole queue."""
    total, filtered = len(shown.every), len(shown.filtered)
    if not total:
        return []
    first = shown.page * PAGE_SIZE + 1 if filtered else 0
    counts = {"first": first, "last": first + len(shown.places) - bool(filtered), "total": total}
    if shown.part is QueueFilter.ALL:
        return [texts("queue.total", **counts)]
    return [texts("queue.part", part=texts(f"queue.{shown.part}"), filtered=filtered, **counts)]


def _scan_lines(scan: Scan, mark: str, at: datetime, texts: Texts, countersign: bool) -> Html:
    """Number, name and wait; below them age and sex, complaint, the model's word and the holder of the claim."""
    patient = scan.patient
    wait = texts.short_duration(at - scan.created_at)
    first = texts("queue.line", mark=mark, scan=scan.id, name=truncate(patient.name, NAME), wait=wait)
    parts = [texts.age(patient.date_of_birth, scan.created_at.date())] if patient.date_of_birth else []
    parts += [texts.plain(f"sex.{patient.sex}")] if patient.sex is not Sex.UNKNOWN else []
    parts += [f"“{truncate(scan.complaint, COMPLAINT)}”"] if scan.complaint else []
    second = [escape(part, quote=False) for part in parts]
    if countersign:
        second.insert(0, texts("queue.countersign"))
    if scan.finding:
        second.append(texts("queue.model", answer=short_answer(scan.finding, texts)))
    if scan.claim:
        second.append(texts("queue.claimed", name=truncate(scan.claim.holder.name, NAME)))
    return Html("\n".join([first, " · ".join(second)] if second else [first]))


def _band_mark(scan: Scan) -> str:
    return BAND_MARKS[Band(scan.reading.band)] if scan.reading and scan.reading.band else NO_MARK


def _filters(shown: QueuePage, account_id: int | None, texts: Texts) -> Buttons:
    """The filters that leave something, with their numbers, and the way back to the whole queue."""
    buttons: Buttons = []
    for part in QueueFilter:
        count = sum(part.matches(place, account_id) for place in shown.every)
        back = part is QueueFilter.ALL
        if part is not shown.part and count and (shown.part is not QueueFilter.ALL if back else True):
            buttons.append((f"{texts.plain(f'queue.{part}')} ({count})", ShowQueue(part=part)))
    return buttons


def _turns(shown: QueuePage) -> Buttons:
    last = (len(shown.filtered) - 1) // PAGE_SIZE
    turns: Buttons = [("‹", ShowQueue(part=shown.part, page=shown.page - 1))] if shown.page else []
    return turns + ([("›", ShowQueue(part=shown.part, page=shown.page + 1))] if shown.page < last else [])
