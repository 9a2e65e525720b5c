"""/hours: the desk's opening hours and its holidays, with buttons that change them."""

from datetime import date
from typing import Final

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks.desk import ChangeHours, HoursAction
from handlers.ui.dates import parse_date
from handlers.ui.desk_forms import SettingHours
from handlers.ui.parsing import register_answers, typed_text
from handlers.ui.replies import View, replace_view, send_view
from handlers.ui.texts import Texts
from handlers.views.desk.hours import HOLIDAY, hours_view
from handlers.views.questions import ask, placeholders
from workflow.actors import Actor
from workflow.desk import schedule
from workflow.desk.hours import WEEK, DeskHours, Intervals
from workflow.desk.schedule import NewHoliday
from workflow.errors import StaleAction
from workflow.permissions import Permission, require_proof
from workflow.unit_of_work import UnitOfWork

MAX_HOURS: Final = 80  # characters


@requires(Permission.SET_HOURS)
async def show(message: Message, texts: Texts, uow: UnitOfWork, desk_hours: DeskHours) -> None:
    await send_view(message, await _view(texts, uow, desk_hours))


async def _view(texts: Texts, uow: UnitOfWork, desk_hours: DeskHours) -> View:
    async with uow.read() as session:
        hours = await schedule.load(session, desk_hours)
    return hours_view(hours, texts, uow.at)


@requires(Permission.SET_HOURS)
async def start(
    query: CallbackQuery,
    message: Message,
    callback_data: ChangeHours,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Ask for the hours of a weekday, or for a holiday; the proof comes first, so that nothing is typed in vain."""
    require_proof(actor, Permission.SET_HOURS, uow.at)
    is_day = callback_data.action is HoursAction.DAY
    if is_day and callback_data.number >= len(WEEK):
        raise StaleAction
    asked = SettingHours.weekday if is_day else SettingHours.holiday
    data = {"weekday": callback_data.number} if is_day else {}
    async with uow.begin():
        await state.set_data(data)
        await state.set_state(asked)
    await query.answer()
    await ask(message, asked, texts, **placeholders(data, texts))


@requires(Permission.SET_HOURS)
async def take_hours(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, desk_hours: DeskHours
) -> None:
    """The hours of the weekday or the holiday that the form asks about."""
    hours = schedule.typed_hours(typed_text(message, MAX_HOURS))
    await send_view(message, await _save(hours, actor, state, texts, uow, desk_hours))


@requires(Permission.SET_HOURS)
async def close(
    query: CallbackQuery,
    message: Message,
    callback_data: ChangeHours,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    desk_hours: DeskHours,
) -> None:
    """The weekday or the holiday that the form asks about is closed. Raises StaleAction for the button of another."""
    asked, data = await state.get_state(), await state.get_data()
    expected = {SettingHours.weekday.state: data.get("weekday"), SettingHours.hours.state: HOLIDAY}
    if expected.get(asked) != callback_data.number:
        raise StaleAction
    view = await _save((), actor, state, texts, uow, desk_hours)
    await query.answer()
    await send_view(message, view)


async def _save(
    hours: Intervals, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, desk_hours: DeskHours
) -> View:
    """Save what the form holds; returns the week and the holidays as they are now."""
    async with uow.begin() as session:
        data = await state.get_data()
        if (weekday := data.get("weekday")) is not None:
            await schedule.set_day(session, actor, desk_hours, weekday, hours, uow.at)
        else:
            holiday = NewHoliday(date.fromordinal(data["holiday"]), data["name"], hours)
            await schedule.add_holiday(session, actor, holiday, desk_hours.zone, uow.at)
        await state.clear()
        return hours_view(await schedule.load(session, desk_hours), texts, uow.at)


@requires(Permission.SET_HOURS)
async def take_holiday(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    day = parse_date(message.text, (uow.at + schedule.MAX_AHEAD).date())
    if day is None or day < uow.at.astimezone(texts.zone).date():
        await message.answer(texts("hours.no_day"))
        return
    await _go_on(message, SettingHours.name, state, texts, uow, holiday=day.toordinal())


@requires(Permission.SET_HOURS)
async def take_name(message: Message, state: FSMContext, texts: Texts, uow: UnitOfWork) -> None:
    await _go_on(message, SettingHours.hours, state, texts, uow, name=typed_text(message, schedule.MAX_NAME))


async def _go_on(
    message: Message, asked: State, state: FSMContext, texts: Texts, uow: UnitOfWork, **typed: str | int
) -> None:
    async with uow.begin():
        data = await state.update_data(typed)
        await state.set_state(asked)
    await ask(message, asked, texts, **placeholders(data, texts))


@requires(Permission.SET_HOURS)
async def remove(
    query: CallbackQuery,
    callback_data: ChangeHours,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    desk_hours: DeskHours,
) -> None:
    async with uow.begin() as session:
        await schedule.remove_holiday(session, actor, callback_data.number, uow.at)
        view = hours_view(await schedule.load(session, desk_hours), texts, uow.at)
    await replace_view(query, view)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show, Command("hours", ignore_case=True))
    router.callback_query.register(start, ChangeHours.filter(F.action.in_({HoursAction.DAY, HoursAction.ADD})))
    router.callback_query.register(close, ChangeHours.filter(F.action == HoursAction.CLOSE))
    router.callback_query.register(remove, ChangeHours.filter(F.action == HoursAction.REMOVE))
    answers = {SettingHours.weekday: take_hours, SettingHours.hours: take_hours}
    register_answers(router, answers | {SettingHours.holiday: take_holiday, SettingHours.name: take_name})
    return router
