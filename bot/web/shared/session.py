"""The person behind a token, and transactions of the desk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import Services
from bot.web.shared import tokens
from workflow.accounts.browsers import sessions as browsers
from workflow.actors import Actor
from workflow.audit.chain import AUDIT_CONTEXT, Source


@asynccontextmanager
async def acting(services: Services) -> AsyncIterator[AsyncSession]:
    """A transaction whose acts are recorded as done in a browser."""
    async with services.sessions.begin() as session:
        session.info[AUDIT_CONTEXT] = session.info[AUDIT_CONTEXT]._replace(source=Source.BROWSER)
        yield session


async def person_of(services: Services, text: str) -> tuple[Actor, tokens.Token]:
    """The signed-in person; locked ones too. Raises SessionEnded. A replayed token ends its session."""
    now = services.now()
    try:
        token = tokens.read_session_token(services.secret_key, text, now)
    except tokens.TokenInvalid:
        raise browsers.SessionEnded from None
    try:
        async with services.sessions() as session:
            locked_before = now - services.idle_limit
            actor = await browsers.actor_by_token(session, token.number, token.token_id, now, locked_before)
    except browsers.TokenReplayed:
        async with acting(services) as session:
            await browsers.end(session, token.number, now, "replayed")
        raise
    if actor.account_id != token.account_id:
        raise browsers.SessionEnded
    return actor, token


async def next_token(services: Services, token: tokens.Token) -> str | None:
    """A new token in place of this one; None while that is new itself, or was replaced already."""
    now = services.now()
    async with acting(services) as session:
        following = await browsers.next_token(session, token.number, token.token_id, now)
    if following is None:
        return None
    return tokens.session_token(services.secret_key, token.number, token.account_id, following, now)
