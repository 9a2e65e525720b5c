"""/undelivered: reports that have not reached their patient, with a button to send each again."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui import keyboards
from handlers.ui.callbacks import SendAgain
from handlers.ui.replies import edit_message
from handlers.ui.texts import Html, Texts
from models.tables.deliveries import Delivery, DeliveryState
from models.tables.scans import Report
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.reporting import deliveries
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SEE_UNDELIVERED)
async def show(message: Message, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.read() as session:
        found = await deliveries.undelivered(session, uow.at)
    if not found:
        await message.answer(texts("undelivered.none"))
        return
    lines = [_line(delivery, report, texts) for delivery, report in found]
    failed = [(delivery, report) for delivery, report in found if delivery.state is DeliveryState.FAILED]
    buttons = [(_button(delivery, report, texts), SendAgain(key=delivery.key)) for delivery, report in failed]
    keyboard = keyboards.rows(buttons, width=1) if buttons else None
    await message.answer(Html("\n".join([texts("undelivered.head"), *lines])), reply_markup=keyboard)


@requires(Permission.RESEND)
async def send_again(
    query: CallbackQuery, callback_data: SendAgain, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    async with uow.begin() as session:
        number = await deliveries.resend(session, actor, callback_data.key, uow.at)
    await edit_message(query, texts("undelivered.sent_again", number=number))


def _line(delivery: Delivery, report: Report, texts: Texts) -> Html:
    state = texts(f"failure.{delivery.reason}") if delivery.reason else texts("undelivered.waiting")
    since, channel = texts.time(delivery.started_at), texts(f"channel.{delivery.channel}")
    return texts("undelivered.line", number=report.number, channel=channel, state=state, time=since)


def _button(delivery: Delivery, report: Report, texts: Texts) -> str:
    return texts.plain("undelivered.again", number=report.number, channel=texts(f"channel.{delivery.channel}"))


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(show, Command("undelivered", ignore_case=True))
    router.callback_query.register(send_again, SendAgain.filter())
    return router
