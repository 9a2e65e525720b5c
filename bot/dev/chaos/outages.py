"""Outages of database, mail server and Telegram; each returns, when it is over, what it did."""

import asyncio
from contextlib import suppress
from random import Random
from typing import Final

from sqlalchemy.exc import DBAPIError

from bot.dev.chaos.clinic import Clinic
from bot.dev.chaos.faults import OUTAGE
from bot.dev.postgres import end_connections
from bot.dev.sandbox.faults import Fault, Kind

EVERY: Final = 10**6
WAIT: Final = 2.0  # seconds of a 429 and of a slow answer


async def cut_database(clinic: Clinic, rng: Random) -> str:  # noqa: ARG001 - the form of a fault
    with suppress(DBAPIError):  # the statement may end its own session
        await end_connections(clinic.server, clinic.database_name)
    return "every session ended by the server"


async def restart_database(clinic: Clinic, rng: Random) -> str:
    """Let the database look as its restart does: sessions end, and connections are refused for a while."""
    assert clinic.database is not None
    seconds = rng.uniform(*OUTAGE)
    clinic.database.refuse()
    await asyncio.sleep(seconds)
    await clinic.database.heal()
    return f"refused for {seconds:.1f} s"


async def refuse_mail(clinic: Clinic, rng: Random) -> str:
    """Stop the mail server, and let it answer 451 to the first mail after."""
    seconds = rng.uniform(*OUTAGE)
    clinic.mail.refuse()
    await asyncio.sleep(seconds)
    clinic.sandbox.mailbox.fail(1)
    await clinic.mail.heal()
    return f"refused for {seconds:.1f} s, then 451 once"


async def silence_mail(clinic: Clinic, rng: Random) -> str:
    return await _relayed(clinic, rng, slow=False)


async def slow_mail(clinic: Clinic, rng: Random) -> str:
    return await _relayed(clinic, rng, slow=True)


async def _relayed(clinic: Clinic, rng: Random, *, slow: bool) -> str:
    seconds = 2 * rng.uniform(*OUTAGE)
    clinic.mail.slow_down() if slow else clinic.mail.silence()
    await asyncio.sleep(seconds)
    await clinic.mail.heal()
    return f"for {seconds:.1f} s"


async def telegram_429(clinic: Clinic, rng: Random) -> str:
    return await _telegram(clinic, rng, Kind.FLOOD)


async def telegram_500(clinic: Clinic, rng: Random) -> str:
    return await _telegram(clinic, rng, Kind.BROKEN)


async def telegram_cut(clinic: Clinic, rng: Random) -> str:
    """Lose requests, or the answers to requests that were carried out."""
    return await _telegram(clinic, rng, rng.choice((Kind.DROP, Kind.DROP_AFTER)))


async def telegram_slow(clinic: Clinic, rng: Random) -> str:
    return await _telegram(clinic, rng, Kind.SLOW)


async def _telegram(clinic: Clinic, rng: Random, kind: Kind) -> str:
    """Let every call of the Bot API fail in this way for a while."""
    seconds = rng.uniform(*OUTAGE)
    clinic.sandbox.engine.faults.add(Fault(kind, times=EVERY, seconds=WAIT))
    await asyncio.sleep(seconds)
    clinic.sandbox.engine.faults.clear()
    return f"{kind} for {seconds:.1f} s"
