"""The administrator: release a report with a one-time code."""

from operator import itemgetter

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.account.codes import confirm_by_code
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.forms import Releasing
from handlers.ui.parsing import TYPED_TEXT
from handlers.ui.replies import delete_message, private_chat_id, reply
from handlers.ui.texts import Texts
from handlers.views.reports import release_content
from workflow.actors import Actor
from workflow.errors import CodeSpent
from workflow.permissions import Permission
from workflow.reporting import release
from workflow.scans import queries
from workflow.transitions import Action
from workflow.unit_of_work import UnitOfWork


@requires(Action.ASK_CODE)
async def approve(
    query: CallbackQuery, callback_data: OnCard, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
) -> None:
    """Mail a code; the question for it names what the code will confirm."""
    async with uow.begin() as session:
        code = await release.request_code(session, actor, callback_data.scan_id, private_chat_id(query), uow.at)
        scan = await queries.scan_for(session, callback_data.scan_id, actor, Action.ASK_CODE)
        await state.set_data({"scan_id": scan.id})
        await state.set_state(Releasing.code)
    question = texts(f"release.{code.factor}", content=release_content(scan, texts), email=code.email)
    await reply(query, question, protected=True)


@requires(Action.RELEASE)
async def take_code(
    message: Message, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork, secret_key: bytes
) -> None:
    data = await confirm_by_code(message, actor, state, uow, secret_key, release.release, itemgetter("scan_id"))
    await message.answer(texts("release.done", scan=data["scan_id"]))


@requires(Permission.PUBLIC_INFO)
async def reject_unexpected_code(message: Message) -> None:
    """Six digits outside a form are most likely a late code: delete them and say that the code is void."""
    await delete_message(message)
    raise CodeSpent


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(approve, OnCard.filter(F.action == CardAction.APPROVE))
    router.message.register(take_code, StateFilter(Releasing.code), TYPED_TEXT)
    router.message.register(reject_unexpected_code, StateFilter(None), F.text.regexp(r"^\s*\d{3}\s?\d{3}\s*$"))
    return router
