"""The same picture sent again: the patient is asked whether it is the same scan or a new one."""

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks.history import SamePicture
from handlers.ui.forms import Describing
from handlers.ui.replies import edit_message
from handlers.ui.texts import Texts
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import intake
from workflow.unit_of_work import UnitOfWork


async def ask_same_picture(message: Message, scan_id: int, earlier_id: int, texts: Texts) -> None:
    """Name the earlier scan; without an answer the doctor sees that the pictures look the same."""
    choices: keyboards.Buttons = [
        (texts.plain("button.same_picture"), SamePicture(scan_id=scan_id, same=True)),
        (texts.plain("button.new_scan"), SamePicture(scan_id=scan_id, same=False)),
    ]
    await message.answer(texts("same_picture.ask", scan=earlier_id), reply_markup=keyboards.rows(choices))


@requires(Permission.DESCRIBE)
async def take_answer(
    query: CallbackQuery,
    callback_data: SamePicture,
    actor: Actor,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
) -> None:
    """Store the answer; for the same picture the questions about the new scan end."""
    async with uow.begin() as session:
        if callback_data.same and await _is_describing(state, callback_data.scan_id):
            await state.clear()
        earlier = await intake.answer_same_picture(session, actor, callback_data.scan_id, callback_data.same, uow.at)
    await edit_message(query, texts("same_picture.yes" if callback_data.same else "same_picture.no", scan=earlier))


async def _is_describing(state: FSMContext, scan_id: int) -> bool:
    describing = await state.get_state() in Describing
    return describing and (await state.get_data()).get("scan_id") == scan_id


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(take_answer, SamePicture.filter())
    return router
