"""Who acts."""

from datetime import datetime
from typing import NamedTuple

from models.tables.people import Account, Role


class Actor(NamedTuple):
    """The person behind a chat at this moment, read anew for every update."""

    account_id: int | None
    role: Role
    name: str = ""
    language: str = "en"
    seen_at: datetime | None = None  # when this chat was used last; unknown outside a chat
    suspended: bool = False
    asleep: bool = False  # unused for so long that it asks again who is there
    roles: tuple[Role, ...] = ()  # that the person may act in; unknown outside a chat


SYSTEM = Actor(None, Role.SYSTEM)


def actor_of(account: Account, acting: Role | None = None) -> Actor:
    """In the role in which a chat acts, or in the first; one that was taken away acts nowhere."""
    role = acting if acting is not None and acting in account.roles else account.role
    suspended = account.suspended_at is not None
    return Actor(account.id, role, account.name, account.language, suspended=suspended)
