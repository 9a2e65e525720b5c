"""Who acts."""

from typing import NamedTuple

from models.people import Account, Role


class Actor(NamedTuple):
    """The person behind a chat at this moment, read anew for every update."""

    account_id: int | None
    role: Role
    name: str = ""
    language: str = "en"


SYSTEM = Actor(None, Role.SYSTEM)


def actor_of(account: Account) -> Actor:
    return Actor(account.id, account.role, account.name, account.language)
