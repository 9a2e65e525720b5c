"""Shares of the limits over all people: strangers are refused first, then patients."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Final

from models.vocabulary import Role
from workflow.actors import Actor

IS_URGENT: Final = ContextVar("is_urgent", default=False)  # set while an emergency is answered


class Requester(StrEnum):
    """A chat without an account, a patient's, or one of staff. Reports count as staff's."""

    STRANGER = "stranger"
    PATIENT = "patient"
    STAFF = "staff"

    @property
    def reserve(self) -> float:
        """The share of a limit over all people that this requester leaves to others."""
        return RESERVES[self]

    def within(self, limit: int) -> int:
        """The part of a limit that this requester may use up."""
        return limit - int(limit * self.reserve)


RESERVES: Final[Mapping[Requester, float]] = {
    Requester.STRANGER: 0.5,
    Requester.PATIENT: 0.25,
    Requester.STAFF: 0.0,
}


def requester_of(actor: Actor | None) -> Requester:
    """Staff is anybody with a staff role, whichever role the chat acts in."""
    if actor is None:
        return Requester.STRANGER
    roles = {actor.role, *actor.roles}
    return Requester.PATIENT if roles == {Role.PATIENT} else Requester.STAFF


@contextmanager
def answering_urgently() -> Iterator[None]:
    """Send answers to a stranger before those that wait for other strangers."""
    token = IS_URGENT.set(True)
    try:
        yield
    finally:
        IS_URGENT.reset(token)
