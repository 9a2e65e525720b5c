"""/forget: what it would come to, a button that says so, the password; then the person is forgotten."""

from datetime import timedelta

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from handlers.access import does
from handlers.account.proof import prove
from handlers.ui import keyboards
from handlers.ui.forms import Forgetting
from handlers.ui.parsing import listen
from handlers.ui.questions import ask
from handlers.ui.replies import heard, known, private_chat
from handlers.ui.texts import Html, Texts
from workflow.accounts.passwords import Hasher
from workflow.actors import Actor
from workflow.permissions import Verb
from workflow.privacy import erasure
from workflow.privacy.erasure import Progress
from workflow.unit_of_work import Effects


@does(Verb.FORGET_SELF)
async def explain(
    event: Message | CallbackQuery, actor: Actor | None, texts: Texts, effects: Effects, keep: timedelta
) -> None:
    """/forget, or its button: nothing happens yet."""
    async with effects.look() as session:
        progress = await erasure.outlook(session, known(actor), keep, effects.at)
    if message := await heard(event):
        text = Html(f"{texts('forget.ask')}\n\n{_say(f'forget.would.{progress.stage}', progress, texts)}")
        buttons = [
            (texts.plain("button.forget_yes"), keyboards.ConfirmForget()),
            (texts.plain("button.export"), keyboards.ExportMe()),
        ]
        await message.answer(text, reply_markup=keyboards.rows(buttons, width=1), protect_content=True)


@does(Verb.FORGET_SELF)
async def confirm(query: CallbackQuery, state: FSMContext, texts: Texts, effects: Effects) -> None:
    async with effects.begin():
        await state.set_data({})
        await state.set_state(Forgetting.password)
    await query.answer()
    if isinstance(query.message, Message):
        await ask(query.message, Forgetting.password, texts)


@does(Verb.FORGET_SELF)
async def take_password(
    message: Message,
    actor: Actor | None,
    state: FSMContext,
    texts: Texts,
    effects: Effects,
    hasher: Hasher,
    keep: timedelta,
) -> None:
    await prove(message, actor, effects, hasher)
    async with effects.begin() as session:
        await state.clear()
        progress = await erasure.ask(session, known(actor), private_chat(message), keep, effects.at)
    await message.answer(_say(f"forget.done.{progress.stage}", progress, texts), protect_content=True)


def _say(sentence: str, progress: Progress, texts: Texts) -> Html:
    """Until when and why, and what goes at once all the same."""
    scans = ", ".join(f"#{scan}" for scan in progress.scans)
    return texts(sentence, day=texts.on(progress.until) if progress.until else "", scans=scans)


def routes() -> Router:
    router = Router(name=__name__)
    router.message.register(explain, Command("forget"))
    router.callback_query.register(explain, keyboards.ForgetMe.filter())
    router.callback_query.register(confirm, keyboards.ConfirmForget.filter())
    listen(router, {Forgetting.password: take_password})
    return router
