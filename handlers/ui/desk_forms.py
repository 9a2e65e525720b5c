"""States of forms about the desk itself. Their names are stored in the database."""

from aiogram.fsm.state import State, StatesGroup


class SettingHours(StatesGroup):
    """The hours of a weekday, or a holiday: its day, its name, its hours."""

    weekday = State()
    holiday = State()
    name = State()
    hours = State()
