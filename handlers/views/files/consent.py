"""The patient's consent as it stands, and the buttons to take it back."""

from aiogram.filters.callback_data import CallbackData

from handlers.ui.callbacks.family import KeepConsent, TakeBackConsent
from handlers.ui.keyboards import rows
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts
from handlers.views.identity import who_line
from models.tables.accounts import Account, Consent


def take_back_button(patient_id: int, texts: Texts) -> tuple[str, CallbackData]:
    return texts.plain("button.take_back"), TakeBackConsent(patient_id=patient_id)


def question_view(patient: Account, texts: Texts) -> View:
    """Asks whether it is meant: the end of intake, and that scans on their way go on."""
    yes = TakeBackConsent(patient_id=patient.id, sure=True)
    buttons = [(texts.plain("button.take_back"), yes), (texts.plain("button.keep_consent"), KeepConsent())]
    return View(texts("consent.take_back", identity=who_line(patient, texts)), rows(buttons, width=1))


def with_end(given: Html, consent: Consent, texts: Texts) -> Html:
    """The line of a consent, with the day on which it was taken back."""
    if consent.withdrawn_at is None:
        return given
    return Html(f"{given} · {texts('consent.ended', day=texts.date_of(consent.withdrawn_at))}")
