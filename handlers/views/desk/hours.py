"""The desk's opening hours in words, and answers that tell them."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from aiogram.types import InlineKeyboardMarkup

from faq.entries import HOURS
from handlers.ui import keyboards
from handlers.ui.callbacks.desk import ChangeHours, HoursAction
from handlers.ui.keyboards import Buttons
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts, escaped
from handlers.views.paging import fit_message, join_blocks, truncate
from workflow.desk import schedule
from workflow.desk.hours import DeskHours, Holiday, Intervals, clock_text
from workflow.unit_of_work import UnitOfWork

MOST_SHOWN: Final = 20  # holidays; the later ones follow when these are over, and stand on the desk's page
MAX_LABEL: Final = 40  # characters
HOLIDAY: Final = 7  # in a button, where a weekday's number stands for the weekday


async def with_hours(text: Html, texts: Texts, uow: UnitOfWork, initial: DeskHours) -> Html:
    """An answer with the hours in force where it names them; below it, when the desk opens if it is closed now."""
    if HOURS not in text:
        return text
    async with uow.read() as session:
        hours = await schedule.load(session, initial)
    return join_blocks(
        *filter(None, (Html(text.replace(HOURS, week_line(hours, texts))), now_line(hours, texts, uow.at)))
    )


def week_line(hours: DeskHours, texts: Texts) -> Html:
    """For example "Mon-Fri 08:00-20:00, Sat 08:00-13:00; closed: Sun"; the hours alone where all days are alike."""
    runs: list[tuple[int, int, Intervals]] = []  # first and last weekday
    for number, one in enumerate(hours.week):
        if runs and runs[-1][2] == one:
            runs[-1] = (runs[-1][0], number, one)
        else:
            runs.append((number, number, one))
    if len(runs) == 1:
        return escaped(day_text(runs[0][2]))
    opened = ", ".join(f"{_days(first, last, texts)} {day_text(one)}" for first, last, one in runs if one)
    closed = ", ".join(_days(first, last, texts) for first, last, one in runs if not one)
    return texts("hours.week", open=opened, closed=closed) if closed else escaped(opened)


def day_text(hours: Intervals) -> str:
    """For example "08:00-13:00, 14:00-20:00", with dashes for ranges; empty on a closed day."""
    return ", ".join(f"{clock_text(one.opens)}–{clock_text(one.closes)}" for one in hours)


def holiday_line(holiday: Holiday, texts: Texts) -> Html:
    """Day, name and hours."""
    hours = day_text(holiday.hours) or texts.plain("hours.closed")
    return texts("hours.holiday", day=texts.day(holiday.day), name=holiday.name, hours=hours)


def now_line(hours: DeskHours, texts: Texts, at: datetime) -> Html:
    """Why the desk is closed and when it opens, or the shortened hours of today; empty while it is open as usual."""
    holiday, opens = hours.holidays.get(at.astimezone(hours.zone).date()), hours.next_open(at)
    if opens == at:
        if holiday is None:
            return Html("")
        return texts("hours.short_today", name=holiday.name, hours=day_text(holiday.hours))
    when = _opening(hours, opens, at, texts)
    if holiday is not None and not holiday.hours:
        return texts("hours.closed_today", name=holiday.name, when=when)
    return texts("hours.closed_now", when=when)


def _opening(hours: DeskHours, opens: datetime, at: datetime, texts: Texts) -> Html:
    """The next opening as "today at 08:00", "tomorrow at 08:00", or with its date."""
    local, today = opens.astimezone(hours.zone), at.astimezone(hours.zone).date()
    clock = clock_text(time(local.hour, local.minute))
    if local.date() == today:
        return texts("hours.today", time=clock)
    if local.date() == today + timedelta(days=1):
        return texts("hours.tomorrow", time=clock)
    return texts("hours.on_day", day=texts.short_day(local.date()), time=clock)


def _days(first: int, last: int, texts: Texts) -> str:
    names = texts.day_names
    return names[first] if first == last else f"{names[first]}–{names[last]}"


def hours_view(hours: DeskHours, texts: Texts, at: datetime) -> View:
    """The week and the next holidays, for administrators, with a button for each day and each of these holidays."""
    coming = schedule.coming(hours, at)
    holidays, later = coming[:MOST_SHOWN], len(coming) - MOST_SHOWN
    more = [texts("card.earlier_more", more=later)] if later > 0 else []
    text, _ = fit_message(lambda fit: join_blocks(_week(hours, texts), _holidays(holidays, more, texts, fit)))
    change: Buttons = [
        (name, ChangeHours(action=HoursAction.DAY, number=number)) for number, name in enumerate(texts.day_names)
    ]
    add: Buttons = [(texts.plain("hours.add"), ChangeHours(action=HoursAction.ADD, number=0))]
    return View(
        text,
        keyboards.stack(keyboards.rows(change, width=4), keyboards.rows([*add, *_removals(holidays, texts)], width=1)),
        protected=False,
    )


def _week(hours: DeskHours, texts: Texts) -> Html:
    closed = texts.plain("hours.closed")
    days = [
        texts("hours.day", day=name, hours=day_text(one) or closed)
        for name, one in zip(texts.day_names, hours.week, strict=True)
    ]
    return Html("\n".join([texts("hours.head"), *days]))


def _holidays(shown: Sequence[Holiday], more: Sequence[Html], texts: Texts, fit: Callable[[str], str]) -> Html:
    lines = [holiday_line(one._replace(name=fit(one.name)), texts) for one in shown]
    return Html("\n".join([texts("hours.holidays"), *(lines or [texts("hours.no_holidays")]), *more]))


def closed_keyboard(texts: Texts, weekday: int) -> InlineKeyboardMarkup:
    """Below the question for the hours of a weekday, or of a holiday."""
    return keyboards.rows(
        [(texts.plain("hours.closed_all_day"), ChangeHours(action=HoursAction.CLOSE, number=weekday))]
    )


def _removals(holidays: Sequence[Holiday], texts: Texts) -> Buttons:
    return [
        (
            texts.plain("hours.remove", day=texts.short_day(one.day), name=truncate(one.name, MAX_LABEL)),
            ChangeHours(action=HoursAction.REMOVE, number=one.number),
        )
        for one in holidays
    ]
