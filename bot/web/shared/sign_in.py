"""The steps of a sign-in: password, second factor, first token; and the password that unlocks."""

from typing import ClassVar, Final

from aiohttp import web

from bot.services import Services
from bot.web.shared import tokens
from bot.web.shared.session import acting
from bot.web.verify import client_network
from models.tables.codes import Code
from workflow.accounts import logins
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.chats import sign_in
from workflow.actors import Actor
from workflow.errors import AccountError, WrongPassword
from workflow.requester import Requester, requester_of
from workflow.scans import queries
from workflow.token_bucket import TokenBuckets

ATTEMPTS: Final = web.AppKey("sign-in attempts of addresses", TokenBuckets)
MAX_EMAIL, MAX_PASSWORD, MAX_CODE = 254, 1024, 64  # characters


class TooOften(AccountError):
    """This address of the network has tried too often."""

    key: ClassVar[str] = "verify.too_many"


class SignInWrong(AccountError):
    """One refusal for a wrong password and for an unknown address."""

    key: ClassVar[str] = "web.sign_in_wrong"


class StaffOnly(AccountError):
    """The password is right, and the account has no role of staff."""

    key: ClassVar[str] = "web.staff_only"


def count_attempt(request: web.Request) -> None:
    """Count an attempt of this address of the network. Raises TooOften."""
    if not request.app[ATTEMPTS][client_network(request)].spend():
        raise TooOften


async def check_password(services: Services, number: int, email: str, password: str) -> Code:
    """Check the password and ask for the second factor, which counts for this number.

    Raises LoginLocked, SignInWrong, StaffOnly, or like `send_code`."""
    services.hasher.check_room(Requester.STRANGER)
    async with acting(services) as session:
        expected = await logins.begin_attempt(session, number, email, services.now())
    correct = await services.hasher.matches(password, expected, Requester.STRANGER)
    async with acting(services) as session:
        if not correct:
            await logins.record_failure(session, email, services.now())
        else:
            await logins.record_success(session, number, email)
            if await sign_in.needs_second_factor(session, email):
                return await sign_in.request_code(session, number, email, services.now())
    raise StaffOnly if correct else SignInWrong


async def check_code(services: Services, number: int, label: str, typed: str) -> str | None:
    """Check the second factor, sign in, and return the first token; None where it was given already.

    Raises CodeError, or like `open_session`."""
    async with acting(services) as session:
        verdict = await sign_in.sign_in_browser(session, number, label, typed, services.secret_key, services.now())
    verdict.raise_if_wrong()
    return await first_token(services, number)


async def first_token(services: Services, number: int) -> str | None:
    """The first token of what was just signed in; None where it was not, or has it."""
    now = services.now()
    async with acting(services) as session:
        given = await browsers.first_token(session, number, now)
    return None if given is None else tokens.session_token(services.secret_key, number, *given, now)


async def unlock(services: Services, actor: Actor, number: int, password: str) -> None:
    """The own password unlocks a session; attempts are counted as in a chat. Raises LoginLocked, WrongPassword."""
    now = services.now()
    requester = requester_of(actor)
    services.hasher.check_room(requester)
    async with acting(services) as session:
        email = (await queries.account_of(session, actor)).email or ""
        expected = await logins.begin_attempt(session, number, email, now)
    correct = await services.hasher.matches(password, expected, requester)
    async with acting(services) as session:
        if correct:
            await logins.record_success(session, number, email)
            await browsers.unlock(session, actor, number, now)
        else:
            await logins.record_failure(session, email, now)
    if not correct:
        raise WrongPassword
