"""An own code before an operation that asks for a recent one: then the button is pressed again."""

from aiogram import Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message, Update

from handlers.access import requires
from handlers.ui.forms import Proving
from handlers.ui.interruptions import interrupt, resume
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.replies import delete_message, private_chat_id
from handlers.ui.texts import Html, Texts
from handlers.views.questions import repeat_question
from workflow.accounts import proof
from workflow.accounts.codes import Verdict
from workflow.actors import Actor
from workflow.errors import CodeError
from workflow.permissions import Permission
from workflow.unit_of_work import UnitOfWork


async def ask_proof(update: Update, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork) -> Html:
    """Request a code and store the open form; returns the sentence that asks for the code, or says why none comes."""
    inner = update.callback_query or update.message
    assert inner is not None
    try:
        async with uow.begin() as session:
            chat_id = private_chat_id(inner)
            code = await proof.request_code(session, actor, chat_id, uow.at)
            await interrupt(state, uow, Proving.code)
    except CodeError as refusal:
        return texts(refusal.key, **refusal.values)
    return texts(f"proof.{code.factor}", email=code.email)


@requires(Permission.PROVE)
async def take_code(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    await delete_message(message)
    async with uow.begin() as session:
        typed = message.text or ""
        verdict = await proof.verify(session, actor, private_chat_id(message), typed, secret_key, uow.at)
        if verdict is not Verdict.WRONG:
            await resume(state, uow)
    verdict.raise_if_wrong()
    await message.answer(texts("proof.done"))
    await repeat_question(message, state, texts)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(take_code, StateFilter(Proving.code), TYPED_TEXT)
    return router
