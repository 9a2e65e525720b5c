"""Answers every refusal and every fault, in the language of the person."""

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
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, ErrorEvent, Update

from handlers.access import requires
from handlers.account import roles
from handlers.account.proof import ask_proof
from handlers.account.sessions import lock_chat
from handlers.ui.forms import Unlocking
from handlers.ui.replies import message_of, reply, show_alert
from handlers.ui.texts import Catalogues, Html, Texts
from handlers.views.questions import ask
from inference.errors import Refused
from models.base import is_transient
from models.vocabulary import Role
from workflow.accounts.files.slips import SlipInvalid
from workflow.actors import Actor
from workflow.audit.chain import AuditEvent, Outcome, record
from workflow.errors import (
    InviteForOther,
    InviteInvalid,
    LoginLocked,
    NotAllowed,
    NotFound,
    ProofMissing,
    SessionLocked,
    StaleAction,
    WorkflowError,
)
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork

logger = logging.getLogger(__name__)
TELEGRAM_OUTAGES: Final = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter)
RECORDED_REFUSALS: Final = (NotAllowed, NotFound, InviteInvalid, InviteForOther, LoginLocked, SlipInvalid)


def is_outage(error: BaseException) -> bool:
    """Whether Telegram or the database failed, so that the update is handled again."""
    return isinstance(error, TELEGRAM_OUTAGES) or is_transient(error)


async def report_error(
    event: ErrorEvent,
    catalogues: Catalogues,
    texts: Texts | None = None,
    actor: Actor | None = None,
    uow: UnitOfWork | None = None,
    state: FSMContext | None = None,
    may_retry: bool = False,
) -> bool:
    """Answer a refusal with its sentence, a fault with an id that is logged too; nothing else about it is shown.

    `may_retry`: the caller feeds the update again after an outage, which is raised again."""
    texts = texts or catalogues.of(None)
    match event.exception:
        case outage if may_retry and is_outage(outage):
            raise outage
        case SessionLocked() | ProofMissing() as refusal if state is not None and uow is not None and actor is not None:
            await _ask_for_identity(refusal, event.update, actor, state, texts, uow)
            return True
        case StaleAction() as refusal if event.update.message and state:
            await state.clear()  # the form belongs to a step that is over
            sentence = texts(refusal.key)
        case WorkflowError() as refusal:
            sentence = texts(refusal.key, **refusal.values)
            if isinstance(refusal, RECORDED_REFUSALS) and uow is not None:
                await _record_refusal(refusal, actor, uow)
            role = await roles.role_for_refused(refusal, event.update, actor, uow)
            if role is not None and actor is not None:
                await _offer_role(event.update, actor, role, texts)
                return True
        case Refused() as refusal:
            sentence = texts(f"upload.{refusal.reason}")
        case fault:
            number = token_hex(4)
            logger.error("update failed", extra={"error": type(fault).__name__, "error_id": number}, exc_info=fault)
            sentence = texts("error.fault", number=number)
    await _reply(event.update, sentence)
    return True


async def _ask_for_identity(
    refusal: WorkflowError, update: Update, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Open the form for the proof of a locked chat, or for a one-time code; it continues the open form."""
    if isinstance(refusal, ProofMissing):
        await _reply(update, await ask_proof(update, actor, state, texts, uow), alert=False)
    else:
        await _ask_for_password(update, await lock_chat(actor, state, uow), texts)


async def _record_refusal(refusal: WorkflowError, actor: Actor | None, uow: UnitOfWork) -> None:
    """Record the refusal in the audit chain, in a new transaction: the refused one was rolled back."""
    reason = refusal.key.removeprefix("error.")
    entry = AuditEvent("trespass", "update", uow.update_id, outcome=Outcome.REFUSED, reason=reason)
    async with uow.begin() as session:
        await record(session, actor, entry, uow.at)


@requires(Permission.PUBLIC_INFO)
async def stale_button(query: CallbackQuery, texts: Texts) -> None:
    """A button without a handler: one of an earlier version, or forged."""
    await show_alert(query, texts("error.stale"))


async def _offer_role(update: Update, actor: Actor, role: Role, texts: Texts) -> None:
    try:
        await roles.offer_role(update, actor, role, texts)
    except TelegramAPIError as error:
        logger.warning("reply failed", extra={"error": type(error).__name__})


async def _ask_for_password(update: Update, state: State, texts: Texts) -> None:
    """Ask for the password, or for the telephone, whose key an alert cannot show."""
    if state == Unlocking.password:
        await _reply(update, texts(SessionLocked.key))
        return
    try:
        if update.callback_query is not None:
            await update.callback_query.answer()
            await ask(message_of(update.callback_query), state, texts)
        elif update.message is not None:
            await ask(update.message, state, texts)
    except TelegramAPIError as error:
        logger.warning("reply failed", extra={"error": type(error).__name__})


async def _reply(update: Update, sentence: Html, *, alert: bool = True) -> None:
    try:
        if update.callback_query is not None:
            await (show_alert if alert else reply)(update.callback_query, sentence)
        elif update.message is not None:
            await update.message.answer(sentence)
    except TelegramAPIError as error:
        logger.warning("reply failed", extra={"error": type(error).__name__})


def late_routes() -> Router:
    router = Router(name=f"{__name__}.late")
    router.callback_query.register(stale_button)
    return router


def routes() -> Router:
    router = Router(name=__name__)
    router.errors.register(report_error)
    return router
