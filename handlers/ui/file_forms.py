"""States of forms about patients' files that have no chat of their own. Their names are stored in the database."""

from aiogram.fsm.state import State, StatesGroup


class WalkingIn(StatesGroup):
    """A walk-in's registration at the desk, then the film and its two questions."""

    name = State()
    birth = State()
    sex = State()
    language = State()
    phone = State()
    allergies = State()
    consent = State()
    picture = State()
    complaint = State()
    since = State()


class Claiming(StatesGroup):
    """The own telephone, then the birth date, of a patient who opens their file with a slip."""

    contact = State()
    birth = State()


class ChoosingPerson(StatesGroup):
    """Pictures wait for the answer whom they show."""

    asked = State()


class AddingPerson(StatesGroup):
    """A relative for whom the person acts."""

    name = State()
    birth = State()
    sex = State()
    relation = State()
    consent = State()
