"""A form that asks for a proof of identity interrupts the open form, which continues afterwards."""

from typing import Final

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State

from handlers.ui.forms import Proving, Unlocking
from workflow.unit_of_work import UnitOfWork

INTERRUPTIONS: Final = (Unlocking.password.state, Unlocking.contact.state, Proving.code.state)


async def interrupt(state: FSMContext, uow: UnitOfWork, to: State) -> None:
    """Open the form `to` and store the one that was open, to continue it afterwards."""
    async with uow.begin():
        current = await state.get_state()
        if current not in INTERRUPTIONS:
            await state.update_data(resume=current)
        await state.set_state(to)


async def resume(state: FSMContext, uow: UnitOfWork) -> None:
    """Continue the form that was interrupted, if one was."""
    async with uow.begin():
        data = await state.get_data()
        await state.set_state(data.pop("resume", None))
        await state.set_data(data)
