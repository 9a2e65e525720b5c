"""Response time of other people while one person sends a hundred messages a second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from bot.dev.bench.clinics import clinic
from bot.dev.bench.machine import spread
from bot.dev.demo import Cast
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.people import send_text
from bot.dev.sandbox.store import Person
from models.vocabulary import Role

PER_SECOND: Final = 100
BETWEEN: Final = 0.05  # seconds between two questions of the others
OTHERS: Final = tuple(Cast(f"Patient {number}", Role.PATIENT, f"p{number}@example.org") for number in range(20))
FLOODER: Final = Cast("Flooder", Role.PATIENT, "flooder@example.org")


async def measure_flood(scratch: Path, rounds: int, questions: int) -> dict[str, Any]:
    """Measure calm and flood alternately in one run, so that a busy machine slows both."""
    async with clinic(scratch / "flood", cast=(*OTHERS, FLOODER)) as place:
        engine = place.sandbox.engine
        *others, flooder = engine.store.people.values()
        calm, flooded = [], []
        await _ask(engine, others, questions)
        for _ in range(rounds):
            calm += await _ask(engine, others, questions)
            async with _flooding(engine, flooder):
                flooded += await _ask(engine, others, questions)
    return {
        "per_s": PER_SECOND,
        "calm_ms": spread(calm, 1000, 1),
        "flooded_ms": spread(flooded, 1000, 1),
        "ratio": round(median(flooded) / median(calm), 2),
    }


async def _ask(engine: Engine, others: list[Person], questions: int) -> list[float]:
    """Response time of each question in seconds, one after the other."""
    waited = []
    for number in range(questions):
        waited.append(await _answer(engine, others[number % len(others)]))
        await asyncio.sleep(BETWEEN)
    return waited


async def _answer(engine: Engine, person: Person) -> float:
    before, started = _answers(engine, person), perf_counter()
    send_text(engine, person, "/help")
    while _answers(engine, person) == before:
        await engine.events.grow()
    return perf_counter() - started


def _answers(engine: Engine, person: Person) -> int:
    return sum(not entry.outgoing for entry in engine.store.chat(person.chat_id))


@asynccontextmanager
async def _flooding(engine: Engine, flooder: Person) -> AsyncIterator[None]:
    """Flood until the block ends; the block begins after one second, when the flooder has been refused."""
    async with asyncio.TaskGroup() as group:
        flood = group.create_task(_flood(engine, flooder))
        await asyncio.sleep(2)
        yield
        flood.cancel()


async def _flood(engine: Engine, flooder: Person) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(10**6):
        send_text(engine, flooder, f"/help {number}")
        await asyncio.sleep(max(0.0, began + number / PER_SECOND - loop.time()))
