"""Steps of a registration."""

from datetime import date

from models.base import Sessions
from models.vocabulary import Role, Sex
from tests.support.rows import NOW
from workflow.accounts import invitations, registration
from workflow.accounts.registration import Person
from workflow.actors import Actor

CHAT, OTHER_CHAT = 1001, 2002


AMINA = Person("Amina Yusuf", "Amina@Example.ORG", "hash", "ta", date(1987, 4, 12), Sex.FEMALE)


async def register(sessions: Sessions, chat: int = CHAT, person: Person = AMINA, invite: str | None = None) -> Actor:
    async with sessions.begin() as session:
        return await registration.register(session, chat, person, NOW, invite)


async def an_invite(sessions: Sessions, role: Role = Role.DOCTOR, email: str = AMINA.email) -> str:
    async with sessions.begin() as session:
        plan = invitations.PlannedInvite(role, email, invitations.new_token())
        await invitations.create_invite(session, None, plan, NOW)
    return plan.token
