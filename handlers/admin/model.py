"""/model: the card of the classifier in use, how it fares in this house, and the switch that turns it off."""

from collections.abc import Mapping
from typing import Any

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers.access import does
from handlers.ui import keyboards
from handlers.ui.replies import edit, known
from handlers.ui.texts import Html, Texts
from inference.model.classifier import Classifier
from models.tables.people import Role
from workflow.actors import Actor
from workflow.model_watch import quality
from workflow.permissions import Verb
from workflow.unit_of_work import Effects


@does(Verb.SEE_MODEL)
async def model(
    message: Message,
    actor: Actor | None,
    texts: Texts,
    effects: Effects,
    classifier: Classifier,
    silent: Classifier | None,
) -> None:
    """For staff: what it is, what was measured, how often the doctors here agree."""
    async with effects.look() as session:
        record = await quality.record(session, classifier.identity.sha256)
        on = await quality.is_on(session)
        trial = await quality.silent_agreement(session, silent.identity.sha256) if silent else None
    blocks = [_card(classifier, texts), texts("model.record", **record._asdict()), texts(f"model.{_state(on)}")]
    if silent and trial:
        blocks.append(texts("model.trial", version=silent.identity.version, spoken=trial[0], same=trial[1]))
    await message.answer(Html("\n\n".join(blocks)), reply_markup=_switch(known(actor), on, texts))


@does(Verb.SWITCH_MODEL)
async def turn(
    query: CallbackQuery, callback_data: keyboards.TurnModel, actor: Actor | None, texts: Texts, effects: Effects
) -> None:
    async with effects.begin() as session:
        await quality.turn(session, known(actor), callback_data.on, effects.at)
    await edit(query, texts(f"model.{_state(callback_data.on)}"), _switch(known(actor), callback_data.on, texts))


def _card(classifier: Classifier, texts: Texts) -> Html:
    identity = classifier.identity
    measured: Mapping[str, Any] = classifier.bundle.manifest["measured"]["test"]
    figures = {
        name: "{} ({}–{})".format(*map(texts.percent, measured[name]))
        for name in ("accuracy", "macro_recall", "coverage", "accuracy_when_sure")
    }
    return texts("model.card", name=identity.name, version=identity.version, sha256=identity.sha256[:12], **figures)


def _switch(actor: Actor, on: bool, texts: Texts) -> InlineKeyboardMarkup | None:
    """Only administrators see it; pressing it asks again who presses."""
    if actor.role is not Role.ADMINISTRATOR:
        return None
    label = texts.plain("button.model_off" if on else "button.model_on")
    return keyboards.rows([(label, keyboards.TurnModel(on=not on))])


def _state(on: bool) -> str:
    return "is_on" if on else "is_off"


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(model, Command("model"))
    router.callback_query.register(turn, keyboards.TurnModel.filter())
    return router
