"""Unfinished forms: what the bot is waiting to be told. Where a scan stands is never kept here."""

from aiogram.fsm.state import State, StatesGroup


class Registering(StatesGroup):
    name = State()
    email = State()
    code = State()
    password = State()
    birth = State()
    sex = State()
    language = State()
    number = State()


class Linking(StatesGroup):
    email = State()
    password = State()


class Telling(StatesGroup):
    """What the patient says about a scan that is already safe."""

    complaint = State()
    since = State()


class Reading(StatesGroup):
    own_reading = State()
    findings = State()
    impression = State()
    recommendations = State()


class Prescribing(StatesGroup):
    lines = State()


class Rejecting(StatesGroup):
    reason = State()


class Releasing(StatesGroup):
    code = State()
