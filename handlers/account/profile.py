"""/me: the person's own data."""

from html import escape

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from handlers.access import requires
from handlers.account import corrections
from handlers.ui.texts import Html, Texts
from handlers.views.facts import edit_keyboard, facts_block
from handlers.views.identity import person_line
from handlers.views.paging import join_blocks
from models.tables.accounts import Account
from models.vocabulary import Role
from workflow.actors import Actor
from workflow.permissions import Permission
from workflow.scans import patient_facts, queries
from workflow.unit_of_work import UnitOfWork


@requires(Permission.SEE_SELF)
async def me(message: Message, actor: Actor, texts: Texts, uow: UnitOfWork) -> None:
    async with uow.read() as session:
        account: Account = await queries.account_of(session, actor)
        text = texts(
            "me",
            person=person_line(account, texts),
            contact=Html("\n".join(_contacts(account))),
            role=Html(", ".join(texts(f"role.{role}") for role in account.roles)),
            language=texts(f"language.{account.language}"),
        )
        patient = actor.role is Role.PATIENT
        facts = await patient_facts.facts_of(session, actor.account_id) if patient else {}
    if not patient:
        await message.answer(text)
        return
    await message.answer(
        join_blocks(text, facts_block(facts, texts)), reply_markup=edit_keyboard(texts), protect_content=True
    )


def _contacts(account: Account) -> list[str]:
    """Address and telephone, each where there is one."""
    lines = {"📧": account.email, "📱": account.phone}
    return [f"{sign} {escape(value, quote=False)}" for sign, value in lines.items() if value]


def routes() -> Router:
    router = Router(name=__name__)
    router.include_router(corrections.routes())
    router.message.register(me, Command("me", ignore_case=True))
    return router
