"""Callback data of the buttons about relatives for whom a person acts."""

from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from models.vocabulary import Relation

PatientId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class FactsAnswer(StrEnum):
    NOW = "now"
    LATER = "later"
    SAME = "same"


class FamilyAction(StrEnum):
    OPEN_PERSON = "open_person"
    OWN_SLIP = "own_slip"
    GIVE_UP = "give_up"
    ERASE_FILE = "erase_file"
    ERASE_SURE = "erase_sure"


class PictureOf(CallbackData, prefix="po"):
    """The waiting pictures show this patient."""

    patient_id: PatientId


class DropPictures(CallbackData, prefix="dx0"):
    """The waiting pictures are of nobody: throw them away."""


class NewPerson(CallbackData, prefix="np"):
    """Add a person; waiting pictures become theirs."""


class ChooseRelation(CallbackData, prefix="re"):
    relation: Relation


class AgreeFor(CallbackData, prefix="ag"):
    """Agree in the place of the person who stands above."""


class TakeBackConsent(CallbackData, prefix="tb"):
    """Take back the consent of this patient; asked about first, until it is `sure`."""

    patient_id: PatientId
    sure: bool = False


class KeepConsent(CallbackData, prefix="kc"):
    """Leave the consent as it is."""


class FactsOf(CallbackData, prefix="ff"):
    """Answer the questions about a relative's allergies, medicines and the like."""

    patient_id: PatientId
    answer: FactsAnswer


class OnPerson(CallbackData, prefix="fp"):
    """A button of a person for whom one acts."""

    action: FamilyAction
    patient_id: PatientId
