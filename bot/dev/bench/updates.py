"""Updates per second: this bot and a bare aiogram echo bot, alternately on the same server in one run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final, NamedTuple

from bot.dev.bench.clinics import BenchClinic, clinic
from bot.dev.bench.machine import cpu_seconds, spread
from bot.dev.demo import Cast
from bot.dev.sandbox.people import send_text
from bot.telegram.send_limiter import MESSAGES_PER_SECOND
from models.vocabulary import Role

CHATS: Final = 20
QUESTION: Final = "/help"
SINGLE: Final = 20  # messages of which each waits for the answer to the one before
PATIENTS: Final = tuple(Cast(f"Patient {number}", Role.PATIENT, f"p{number}@example.org") for number in range(CHATS))


class Turn(NamedTuple):
    """Results of one bot in one round."""

    rate: float  # updates a second, all chats at once
    cpu: float  # CPU seconds for one update
    answers: list[float]  # seconds from a lone message to its answer


async def measure_updates(scratch: Path, rounds: int, messages: int) -> dict[str, Any]:
    """Both bots answer the same messages of the same linked patients; the ratio is taken round by round, so that a busy
    machine slows both."""
    async with _bots(scratch) as (ours, bare):
        for place in (ours, bare):
            await _take_turn(place, messages // 4)  # warm: prepared statements, open connections
        turns = [(await _take_turn(ours, messages), await _take_turn(bare, messages)) for _ in range(rounds)]
    csss, echo = zip(*turns, strict=True)
    return {
        "rounds": rounds,
        "messages": messages,
        "chats": CHATS,
        "csss": _summary(csss),
        "echo": _summary(echo),
        "rate_ratio": round(median(mine.rate / other.rate for mine, other in turns), 2),
        "cpu_ratio": round(median(mine.cpu / other.cpu for mine, other in turns), 2),
        "telegram_allows_per_s": MESSAGES_PER_SECOND,
    }


@asynccontextmanager
async def _bots(scratch: Path) -> AsyncIterator[tuple[BenchClinic, BenchClinic]]:
    """Start one after the other, so that this bot's PDF process is warm when the echo bot is ready."""
    async with (
        clinic(scratch / "csss", ("-c", "from bot.dev.bench.bots import csss; csss()"), PATIENTS) as ours,
        clinic(scratch / "echo", ("-c", "from bot.dev.bench.bots import echo; echo()"), PATIENTS) as bare,
    ):
        yield ours, bare


async def _take_turn(place: BenchClinic, messages: int) -> Turn:
    answers = [await _ask(place, 1) for _ in range(SINGLE)]
    before = cpu_seconds(place.bot.pid)
    seconds = await _ask(place, messages)
    return Turn(messages / seconds, (cpu_seconds(place.bot.pid) - before) / messages, answers)


async def _ask(place: BenchClinic, messages: int) -> float:
    """Seconds until every message, sent at once and spread over the chats, has its one answer."""
    engine = place.sandbox.engine
    people = list(engine.store.people.values())
    started, until = perf_counter(), engine.events.last + 2 * messages
    for number in range(messages):
        send_text(engine, people[number % len(people)], QUESTION)
    while engine.events.last < until:
        await engine.events.grow()
    return perf_counter() - started


def _summary(turns: tuple[Turn, ...]) -> dict[str, Any]:
    return {
        "per_s": round(median(turn.rate for turn in turns)),
        "cpu_ms": round(median(turn.cpu for turn in turns) * 1000, 2),
        "answer_ms": spread([seconds for turn in turns for seconds in turn.answers], 1000, 1),
    }
