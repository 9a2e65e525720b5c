"""One place speaks every refusal, in the person's language."""

import logging
from secrets import token_hex
from typing import Final

from aiogram import Router
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, ErrorEvent, Update

from handlers.access import does
from handlers.account import roles
from handlers.account.sessions import fall_asleep
from handlers.ui.replies import pop_up
from handlers.ui.texts import Catalogues, Html, Texts
from inference.errors import Refused
from models.tables.people import Role
from workflow.actors import Actor
from workflow.audit.chain import Entry, Outcome, note
from workflow.errors import ChatAsleep, ClinicError, InviteInvalid, LoginLocked, NotAllowed, NotFound, StaleAction
from workflow.permissions import Verb
from workflow.unit_of_work import Effects

logger = logging.getLogger(__name__)
TRESPASS: Final = (NotAllowed, NotFound, InviteInvalid, LoginLocked)


async def speak(
    event: ErrorEvent,
    catalogues: Catalogues,
    texts: Texts | None = None,
    actor: Actor | None = None,
    effects: Effects | None = None,
    state: FSMContext | None = None,
    again: bool = False,
) -> bool:
    """A refusal becomes its sentence; a fault becomes an id that stands in the log too, and nothing else does.

    `again`: whoever fed this update feeds it once more when Telegram fails under it, so nothing is said yet."""
    texts = texts or catalogues.of(None)
    match event.exception:
        case TelegramNetworkError() | TelegramServerError() | TelegramRetryAfter() if again:
            raise event.exception
        case ChatAsleep() as refusal if state is not None and effects is not None:
            await fall_asleep(state, effects)
            sentence = texts(refusal.key)
        case StaleAction() as refusal if event.update.message and state:
            await state.clear()  # a form whose scan has moved on asks for nothing any more
            sentence = texts(refusal.key)
        case ClinicError() as refusal:
            sentence = texts(refusal.key, **refusal.values)
            if isinstance(refusal, TRESPASS) and effects is not None:
                await _note(refusal, actor, effects)
            role = await roles.needed(refusal, event.update, actor, effects)
            if role is not None and actor is not None:
                await _offer(event.update, actor, role, texts)
                return True
        case Refused() as refusal:
            sentence = texts(f"upload.{refusal.reason}")
        case fault:
            number = token_hex(4)
            logger.error("update failed", extra={"error": type(fault).__name__, "error_id": number}, exc_info=fault)
            sentence = texts("error.fault", number=number)
    await _tell(event.update, sentence)
    return True


async def _note(refusal: ClinicError, actor: Actor | None, effects: Effects) -> None:
    """What somebody was not let do is recorded, in a transaction of its own: theirs was rolled back."""
    reason = refusal.key.removeprefix("error.")
    entry = Entry("trespass", "update", effects.update_id, outcome=Outcome.REFUSED, reason=reason)
    async with effects.begin() as session:
        await note(session, actor, entry, effects.at)


@does(Verb.TALK)
async def stale_button(query: CallbackQuery, texts: Texts) -> None:
    """A button that no handler knows (any more)."""
    await query.answer(texts.plain("error.stale"), show_alert=True)


async def _offer(update: Update, actor: Actor, role: Role, texts: Texts) -> None:
    try:
        await roles.offer(update, actor, role, texts)
    except TelegramAPIError as error:
        logger.warning("could not tell", extra={"error": type(error).__name__})


async def _tell(update: Update, sentence: Html) -> None:
    try:
        if update.callback_query is not None:
            await pop_up(update.callback_query, sentence)
        elif update.message is not None:
            await update.message.answer(sentence)
    except TelegramAPIError as error:
        logger.warning("could not tell", extra={"error": type(error).__name__})


def late_routes() -> Router:
    router = Router(name=f"{__name__}.late")
    router.callback_query.register(stale_button)
    return router


def routes() -> Router:
    router = Router(name=__name__)
    router.errors.register(speak)
    return router
