"""States of unfinished forms. The name `Group:state` is stored in the database, so a renamed group keeps the old one.

A form holds typed answers only; the state of a scan is in `Scan.status`."""

from typing import Final

from aiogram.fsm.state import State, StatesGroup

from handlers.ui.file_forms import Claiming


class Registering(StatesGroup):
    contact = State()  # the own telephone, or the way by email
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
    code = State()  # the second factor of staff


class Unlocking(StatesGroup):
    """The password or the own telephone after a long pause; the interrupted form continues afterwards."""

    password = State()
    contact = State()


class Proving(StatesGroup):
    """An own code before an operation that asks for a recent one; the interrupted form continues afterwards."""

    code = State()


class Correcting(StatesGroup):
    """A correction of one's own data; the proof of identity comes before a new address."""

    name = State()
    birth = State()
    sex = State()
    phone = State()  # the own telephone, shared
    password = State()
    contact = State()
    email = State()
    code = State()
    new_password = State()


class Changing(StatesGroup):
    """A new password, authorized by the current one."""

    current = State()
    new = State()


class Resetting(StatesGroup):
    """A new password, authorized by a code mailed to the account's address, and by its authenticator app."""

    email = State()
    code = State()
    factor = State()
    new = State()


class Exporting(StatesGroup):
    """The password or the own telephone before the export of all data about the account."""

    password = State()
    contact = State()


class Erasing(StatesGroup):
    """The password or the own telephone before the erasure of the account."""

    password = State(group_name="Forgetting")
    contact = State(group_name="Forgetting")


class Enrolling(StatesGroup):
    """An authenticator app: enrolment and removal."""

    password = State()
    code = State()
    removal = State()


class Consenting(StatesGroup):
    """A picture waits for the consent of its sender."""

    asked = State()


class Joining(StatesGroup):
    """An account holder accepts an invitation to the staff."""

    number = State()


class Inviting(StatesGroup):
    """An invitation of one address to the staff, confirmed with a code."""

    email = State()
    code = State()


class Managing(StatesGroup):
    """A change of a staff account, confirmed with a code."""

    number = State()
    code = State()


class Describing(StatesGroup):
    """The patient's complaint about a scan that is stored already."""

    complaint = State(group_name="Telling")
    since = State(group_name="Telling")


class GivingFacts(StatesGroup):
    """The patient's own facts for the prescription."""

    allergies = State()
    current = State()
    pregnancy = State()
    weight = State()
    conditions = State()
    organs = State()


class WritingFindings(StatesGroup):
    """The doctor's typed reading."""

    own_reading = State(group_name="Reading")
    findings = State(group_name="Reading")
    impression = State(group_name="Reading")
    recommendations = State(group_name="Reading")
    region = State(group_name="Reading")
    why = State(group_name="Reading")
    conclusion = State(group_name="Reading")  # the own reading, added to a draft without one
    override = State(group_name="Reading")  # why a reading is signed against the table of consistency
    no_alert = State(group_name="Reading")  # why an urgent reading raises no critical result
    proposal = State(group_name="Reading")  # prescription lines for the pharmacist
    phrase_name = State(group_name="Reading")  # the impression is kept under it as an own phrase


class Prescribing(StatesGroup):
    lines = State()
    reason = State()  # to go on against the open alerts
    change = State()  # one line anew
    picking = State()  # a line from buttons


class Clarifying(StatesGroup):
    """A question about a scan to the doctor or the patient, and its answer."""

    doctor = State()
    patient = State()
    answer = State()


class Rejecting(StatesGroup):
    reason = State()


class AnsweringTicket(StatesGroup):
    """The reply of a staff member in a help desk conversation."""

    reply = State(group_name="Serving")


class FindingPatient(StatesGroup):
    """A patient's name, number or telephone; the typed text is not kept."""

    query = State()


class Teaching(StatesGroup):
    """A new FAQ entry, one language after the other."""

    title = State()
    other = State()  # the title in a further language, which may be skipped
    answer = State()
    phrases = State()
    sure = State()


class Releasing(StatesGroup):
    code = State()


class Amending(StatesGroup):
    """A change or an addendum to a released report."""

    reason = State()
    findings = State()
    impression = State()
    recommendations = State()
    band = State()
    override = State()  # why the changed reading is proposed although it contradicts itself
    addendum = State()
    code = State()


CONTACT_STATES: Final = (
    Claiming.contact,
    Correcting.phone,
    Correcting.contact,
    Registering.contact,
    Unlocking.contact,
    Exporting.contact,
    Erasing.contact,
)
CODE_STATES: Final = (
    Correcting.code,
    Registering.code,
    Linking.code,
    Proving.code,
    Resetting.code,
    Resetting.factor,
    Enrolling.code,
    Enrolling.removal,
    Inviting.code,
    Managing.code,
    Releasing.code,
    Amending.code,
)
SECRET_STATES: Final = (  # the answer is deleted from the chat
    *CODE_STATES,
    Correcting.password,
    Correcting.new_password,
    Registering.password,
    Linking.password,
    Unlocking.password,
    Changing.current,
    Changing.new,
    Exporting.password,
    Erasing.password,
    Resetting.new,
    Enrolling.password,
)
