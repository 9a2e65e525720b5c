"""/model: the model card, its measured and local quality, and the feature flag that turns the model off."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from handlers.access import requires
from handlers.ui import callbacks, keyboards
from handlers.ui.replies import edit_message
from handlers.ui.texts import Html, Texts
from handlers.views.model import heart_card, model_card
from inference.heart.patient_reading import HeartReader
from inference.model.classifier import Classifier
from models.vocabulary import Role
from workflow.actors import Actor
from workflow.model_watch import quality
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SEE_MODEL)
async def show_model(
    message: Message,
    actor: Actor,
    texts: Texts,
    uow: UnitOfWork,
    classifier: Classifier,
    hearts: HeartReader,
    shadow: Classifier | None,
) -> None:
    """Show the model card, the test figures, the agreement with the doctors here and of the shadow model."""
    async with uow.read() as session:
        performance = await quality.performance(session, classifier.identity.sha256)
        of_hearts = await quality.performance(session, hearts.identity.sha256)
        enabled = await quality.is_model_enabled(session)
        agreement = await quality.shadow_agreement(session, shadow.identity.sha256) if shadow else None
    blocks = [
        model_card(classifier.bundle, texts),
        texts("model.record", **performance._asdict()),
        heart_card(hearts, texts),
        texts("model.record", **of_hearts._asdict()),
        texts(f"model.{_state(enabled)}"),
    ]
    if shadow and agreement:
        blocks.append(texts("model.trial", version=shadow.identity.version, spoken=agreement[0], same=agreement[1]))
    await message.answer(Html("\n\n".join(blocks)), reply_markup=_switch_button(actor, enabled, texts))


@requires(Permission.SWITCH_MODEL)
async def switch_model(
    query: CallbackQuery, callback_data: callbacks.SwitchModel, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        await quality.set_model_enabled(session, actor, callback_data.on, uow.at)
    await edit_message(
        query, texts(f"model.{_state(callback_data.on)}"), _switch_button(actor, callback_data.on, texts)
    )


def _switch_button(actor: Actor, enabled: bool, texts: Texts) -> InlineKeyboardMarkup | None:
    """For administrators only; pressing it is authorized again."""
    if actor.role is not Role.ADMINISTRATOR:
        return None
    label = texts.plain("button.model_off" if enabled else "button.model_on")
    return keyboards.rows([(label, callbacks.SwitchModel(on=not enabled))])


def _state(enabled: bool) -> str:
    return "is_on" if enabled else "is_off"


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show_model, Command("model", ignore_case=True))
    router.callback_query.register(switch_model, callbacks.SwitchModel.filter())
    return router
