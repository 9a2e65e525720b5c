"""Taking the consent back: one's own in /privacy, a relative's in /family, a walk-in's at the desk."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from handlers.access import requires
from handlers.ui.callbacks.family import KeepConsent, TakeBackConsent
from handlers.ui.replies import edit_message, send_view
from handlers.ui.texts import Texts
from handlers.views.files.consent import question_view
from handlers.views.identity import who_line
from workflow import consent
from workflow.accounts.files import proxies
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import queries
from workflow.unit_of_work import UnitOfWork


@requires(Permission.WITHDRAW_CONSENT)
async def explain(
    query: CallbackQuery, message: Message, callback_data: TakeBackConsent, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    """Ask whether it is meant. Raises NotFound."""
    async with uow.read() as session:
        patient = await proxies.act_for(session, actor, callback_data.patient_id)
        account = await queries.account_of(session, patient)
    await query.answer()
    await send_view(message, question_view(account, texts))


@requires(Permission.WITHDRAW_CONSENT)
async def withdraw(
    query: CallbackQuery, callback_data: TakeBackConsent, actor: Actor, texts: Texts, uow: UnitOfWork
) -> None:
    """Raises NotFound, or StaleAction where it is taken back already."""
    async with uow.begin() as session:
        patient = await proxies.act_for(session, actor, callback_data.patient_id)
        await consent.withdraw(session, patient, uow.at)
        account = await queries.account_of(session, patient)
    await edit_message(query, texts("consent.taken_back", identity=who_line(account, texts)))


@requires(Permission.WITHDRAW_CONSENT)
async def keep(query: CallbackQuery, texts: Texts) -> None:
    await edit_message(query, texts("consent.kept"))


def routes() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(withdraw, TakeBackConsent.filter(F.sure))
    router.callback_query.register(explain, TakeBackConsent.filter())
    router.callback_query.register(keep, KeepConsent.filter())
    return router
