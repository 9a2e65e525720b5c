"""The acting person or system component of a call."""

from datetime import datetime
from typing import NamedTuple

from models.tables.accounts import Account
from models.vocabulary import Role


class ActingPerson(NamedTuple):
    """The account and role of a person who acts in a patient's place."""

    account_id: int | None
    role: Role


class Actor(NamedTuple):
    """The account and role behind a chat, read anew for every update. `account_id` is None for the system itself."""

    account_id: int | None
    role: Role
    name: str = ""
    language: str = "en"
    seen_at: datetime | None = None  # last use of this chat; None outside a chat
    suspended: bool = False
    locked: bool = False  # long unused: the password is needed before health data is shown
    proved_at: datetime | None = None  # last right one-time code in this chat; None outside a chat
    roles: tuple[Role, ...] = ()  # held roles; empty outside a chat
    by_phone: bool = False  # no password: the own telephone, shared again, is the proof of identity
    proxy: ActingPerson | None = None  # who acts, where `account_id` is the patient in whose place they act

    @property
    def person(self) -> ActingPerson:
        """The account and role that act: the proxy's, else the actor's own."""
        return self.proxy or ActingPerson(self.account_id, self.role)

    def for_patient(self, patient_id: int) -> "Actor":
        """The same person in the place of a patient, whose scan was found in the person's own scope."""
        if patient_id == self.account_id:
            return self
        return self._replace(account_id=patient_id, role=Role.PATIENT, proxy=self.person)


SYSTEM = Actor(None, Role.SYSTEM)


def actor_of(account: Account, acting: Role | None = None) -> Actor:
    """The account in the role `acting`, or in its first role when `acting` is None or no longer held."""
    role = acting if acting is not None and acting in account.roles else account.role
    suspended = account.suspended_at is not None
    by_phone = account.password_hash is None and account.phone_hash is not None
    return Actor(account.id, role, account.name, account.language, suspended=suspended, by_phone=by_phone)
