"""Forms that ask a fixed sequence of questions, one FSM state each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import Message

from handlers.ui.dates import is_estimate, parse_birthday
from handlers.ui.replies import View, send_view
from handlers.ui.texts import Html, Texts
from handlers.views.questions import ask, placeholders
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.unit_of_work import UnitOfWork


class FormAnswers(NamedTuple):
    """The data of a form after its last step, inside the transaction that is to save them."""

    session: Any  # the database session, which handlers only pass on
    data: dict[str, Any]
    actor: Actor
    state: FSMContext
    texts: Texts
    at: datetime


ReadBack = Callable[[dict[str, Any]], Html]  # what the last question shows of the answers so far
OnDone = Callable[[FormAnswers], Awaitable[View | None]]


class Form:
    """Stores each answer under the name of its state and asks the next question.

    `on_done` runs after the last step, in the transaction of the last answer; it sets or clears the state, and the view
    that it returns is sent after the commit. `aliases` maps a state that replaces a step to that step."""

    def __init__(self, steps: Sequence[State], on_done: OnDone, aliases: Mapping[State, State] | None = None) -> None:
        self.steps, self._on_done = steps, on_done
        self._aliases = {alias.state: step.state for alias, step in (aliases or {}).items()}

    async def answer(
        self, message: Message, value: object, actor: Actor, state: FSMContext, texts: Texts, uow: UnitOfWork
    ) -> bool:
        """Store the answer to the open question, or skip it with None; returns whether it was the last one."""
        async with uow.begin() as session:
            current = await state.get_state()
            step = self._aliases.get(current, current)
            if value is not None:
                await state.update_data({str(step).partition(":")[2]: value})
            data = await state.get_data()
            following = self._after(step)
            if following is not None:
                await state.set_state(following)
            else:
                view = await self._on_done(FormAnswers(session, data, actor, state, texts, uow.at))
        if following is not None:
            await ask(message, following, texts, **placeholders(data, texts))
        elif view is not None:
            await send_view(message, view)
        return following is None

    def _after(self, step: str | None) -> State | None:
        names = [one.state for one in self.steps]
        return dict(zip(names, self.steps[1:], strict=False)).get(step)


async def take_step(
    message: Message,
    steps: Sequence[State],
    asked: State,
    read_back: ReadBack,
    state: FSMContext,
    texts: Texts,
    uow: UnitOfWork,
    **given: object,
) -> None:
    """Store what was given to the question `asked` and ask for the next; the last question shows all answers.

    Raises StaleAction where another question is open."""
    following = steps[steps.index(asked) + 1]
    async with uow.begin():
        if await state.get_state() != asked.state:
            raise StaleAction
        data = await state.update_data(given)
        await state.set_state(following)
    await ask(message, following, texts, identity=read_back(data) if following is steps[-1] else "")


def birth_answer(text: str | None, today: date) -> dict[str, object] | None:
    """A typed birth date or age as a form keeps it; None where it is neither."""
    born = parse_birthday(text, today)
    if born is None:
        return None
    return {"date_of_birth": born.isoformat(), "birth_estimated": is_estimate(text, today)}
