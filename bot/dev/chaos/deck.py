"""The order of the faults: all kinds in a seeded order, again and again."""

from collections.abc import Awaitable, Callable, Iterator
from random import Random
from typing import Final, NamedTuple

from bot.dev.chaos import faults, outages
from bot.dev.chaos.clinic import Clinic

Run = Callable[[Clinic, Random], Awaitable[str]]


class Fault(NamedTuple):
    name: str
    run: Run


BOTH: Final = (
    Fault("kill -9 of the bot", faults.kill_bot),
    Fault("kill -9 of a helper", faults.kill_helper),
    Fault("kill -9 of everything", faults.power_failure),
    Fault("disk full", faults.full_disk),
    Fault("clock", faults.wrong_clock),
    Fault("mail server refuses", outages.refuse_mail),
    Fault("mail server is silent", outages.silence_mail),
    Fault("mail server is slow", outages.slow_mail),
    Fault("Telegram 429", outages.telegram_429),
    Fault("Telegram 500", outages.telegram_500),
    Fault("Telegram cut", outages.telegram_cut),
    Fault("Telegram slow", outages.telegram_slow),
)
ON_SQLITE: Final = (*BOTH, Fault("second bot", faults.second_bot))
ON_POSTGRESQL: Final = (
    *BOTH,
    Fault("kill -9 of a worker", faults.kill_worker),
    Fault("PostgreSQL sessions cut", outages.cut_database),
    Fault("PostgreSQL away", outages.restart_database),
)


def kinds(*, postgresql: bool) -> tuple[Fault, ...]:
    return ON_POSTGRESQL if postgresql else ON_SQLITE


def deal(rng: Random, *, postgresql: bool) -> Iterator[Fault]:
    """Every kind once in random order, then all again, without end."""
    while True:
        yield from rng.sample(every := kinds(postgresql=postgresql), len(every))
