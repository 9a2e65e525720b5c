"""Callback data of the buttons below the worklist."""

from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from workflow.queue.worklist import QueueFilter


class ShowQueue(CallbackData, prefix="q"):
    """A page of the queue, or of the part of it that the filter names."""

    part: QueueFilter
    page: Annotated[int, Field(ge=0, le=10_000)] = 0
