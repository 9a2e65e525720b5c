"""/mine: a doctor's own day in figures."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from handlers.access import requires
from handlers.ui.texts import Texts
from handlers.views.paging import join_blocks
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.queue.doctors_day import day_of
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SEE_DAY)
async def mine(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    midnight = uow.at.astimezone(texts.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    async with uow.read() as session:
        day = await day_of(session, actor, midnight.astimezone(uow.at.tzinfo))
    blocks = [texts("mine.day", read=day.read, waiting=day.waiting)]
    if day.minutes is not None:
        blocks.append(texts("mine.minutes", minutes=max(1, round(day.minutes))))
    if day.compared:
        blocks.append(texts("mine.agreement", agreed=day.agreed, compared=day.compared))
    await message.answer(join_blocks(*blocks))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(mine, Command("mine", ignore_case=True))
    return router
