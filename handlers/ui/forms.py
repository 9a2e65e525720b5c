"""Unfinished forms: what the bot is waiting to be told. Where a scan stands is never kept here."""

from typing import Final

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


class Unlocking(StatesGroup):
    """The chat was long unused; the form that was open then goes on afterwards."""

    password = State()


class Changing(StatesGroup):
    """A password for a new one."""

    current = State()
    new = State()


class Resetting(StatesGroup):
    """A forgotten password, by a code to the account's address."""

    email = State()
    code = State()
    new = State()


class Exporting(StatesGroup):
    """Everything about me, for whoever knows the password."""

    password = State()


class Forgetting(StatesGroup):
    """Forget me, said by whoever knows the password."""

    password = State()


class Enrolling(StatesGroup):
    """An authenticator app."""

    password = State()
    code = State()
    removal = State()


class Consenting(StatesGroup):
    """A picture waits for its sender's agreement."""

    asked = State()


class Joining(StatesGroup):
    """Who has an account accepts an invitation to the staff."""

    number = State()


class Managing(StatesGroup):
    number = State()
    code = State()


class Telling(StatesGroup):
    """What the patient says about a scan that is already safe."""

    complaint = State()
    since = State()


class Reading(StatesGroup):
    own_reading = State()
    findings = State()
    impression = State()
    recommendations = State()
    region = State()
    why = State()
    conclusion = State()  # the own reading, added to a draft that has none


class Prescribing(StatesGroup):
    lines = State()


class Rejecting(StatesGroup):
    reason = State()


class Serving(StatesGroup):
    """What a member of the staff answers in a conversation."""

    reply = State()


class Teaching(StatesGroup):
    """A new entry of the FAQ, language by language."""

    title = State()
    other = State()  # the title in one more language, which may be skipped
    answer = State()
    phrases = State()
    sure = State()


class Releasing(StatesGroup):
    code = State()


class Amending(StatesGroup):
    reason = State()
    findings = State()
    impression = State()
    recommendations = State()
    band = State()
    addendum = State()
    code = State()


SECRETS: Final = (  # forms whose answer may not stay in the chat
    Registering.code,
    Registering.password,
    Linking.password,
    Unlocking.password,
    Changing.current,
    Changing.new,
    Exporting.password,
    Forgetting.password,
    Resetting.code,
    Resetting.new,
    Enrolling.password,
    Enrolling.code,
    Enrolling.removal,
    Managing.code,
    Releasing.code,
    Amending.code,
)
