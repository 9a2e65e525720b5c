"""CPU time of an update beside a bare aiogram echo bot on the same sandbox server."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

from bot.dev.bench.clinics import BenchClinic, clinic
from bot.dev.bench.load.rows import add_scans, copy_scans
from bot.dev.bench.machine import cpu_seconds
from bot.dev.demo import Cast
from bot.dev.sandbox import Person, SandboxClient
from models.base import Sessions
from models.vocabulary import Role

CSSS: Final = ("-c", "from bot.dev.bench.bots import csss; csss()")
ECHO: Final = ("-c", "from bot.dev.bench.bots import echo; echo()")
DOCTORS: Final = tuple(Cast(f"Dr {n}", Role.DOCTOR, f"d{n}@example.org", number=f"D-{n}") for n in range(4))
PATIENTS: Final = tuple(Cast(f"Patient {n}", Role.PATIENT, f"p{n}@example.org") for n in range(4))
FILED: Final = Cast("Filed", Role.PATIENT, "filed@example.org")  # owns the many scans
PEOPLE: Final = (*DOCTORS, *PATIENTS, FILED)
QUESTION: Final = "How long does a report take?"
GOALS: Final = {"question": 5.0, "queue": 8.0, "button": 16.0}
COMMANDS: Final = {"/queue": DOCTORS, "/scans": PATIENTS, "/status": PATIENTS, "/privacy": PATIENTS}
IDLE: Final = 0.05  # CPU seconds in a second of a bot without work
SETTLES: Final = 1.5  # seconds until the jobs of the last update are done
Act = Callable[[Person], Awaitable[object]]


async def measure_ratios(scratch: Path, picture: bytes, rounds: int, updates: int) -> dict[str, Any]:
    """Both bots in turn, update by update; the ratio is taken round by round, so that a busy machine slows both."""
    prepare = partial(_prepare, scratch / "ratio-csss", picture, 0)
    async with (
        clinic(scratch / "ratio-csss", CSSS, PEOPLE, prepare) as ours,
        clinic(scratch / "ratio-echo", ECHO, PEOPLE) as bare,
        SandboxClient(ours.sandbox.base) as wire,
        SandboxClient(bare.sandbox.base) as echo_wire,
    ):
        doctors = [await wire.person(one.name) for one in DOCTORS]
        echoed = [await echo_wire.person(one.name) for one in DOCTORS]
        acts: dict[str, Act] = {"question": partial(_asks, text=QUESTION), "queue": partial(_asks, text="/queue")}
        acts["button"] = _Buttons().press
        for act in acts.values():
            await _cpu_ms(ours, doctors, act, len(doctors))  # warm
        turns = [await _turn(ours, bare, doctors, echoed, acts, updates) for _ in range(rounds)]
    echo = median(turn["echo"] for turn in turns)
    figures = {name: round(median(turn[name] for turn in turns), 1) for name in acts}
    ratios = {name: round(median(turn[name] / turn["echo"] for turn in turns), 1) for name in acts}
    return {"echo_ms": round(echo, 2), "cpu_ms": figures, "ratio": ratios}


async def measure_answers(scratch: Path, picture: bytes, scans: int, updates: int) -> dict[str, Any]:
    """CPU milliseconds of an answer with so many scans in the database."""
    folder = scratch / "answers"
    async with (
        clinic(folder, CSSS, PEOPLE, partial(_prepare, folder, picture, scans)) as place,
        SandboxClient(place.sandbox.base) as wire,
    ):
        figures = {}
        await _is_idle(place)
        for command, cast in COMMANDS.items():
            people = [await wire.person(one.name) for one in cast]
            act = partial(_asks, text=command)
            await _cpu_ms(place, people, act, len(people))
            figures[command] = round(await _cpu_ms(place, people, act, updates), 1)
    return {"scans": scans, "cpu_ms": figures}


async def _prepare(folder: Path, picture: bytes, copies: int, sessions: Sessions) -> None:
    await add_scans(sessions, folder, picture, [one.email for one in PATIENTS])
    if copies:
        await add_scans(sessions, folder, picture, [FILED.email])
        await copy_scans(sessions, FILED.email, copies)


async def _turn(
    ours: BenchClinic,
    bare: BenchClinic,
    doctors: Sequence[Person],
    echoed: Sequence[Person],
    acts: dict[str, Act],
    updates: int,
) -> dict[str, float]:
    figures = {"echo": await _cpu_ms(bare, echoed, acts["question"], updates)}
    for name, act in acts.items():
        figures[name] = await _cpu_ms(ours, doctors, act, updates)
    return figures


async def _cpu_ms(place: BenchClinic, people: Sequence[Person], act: Act, updates: int) -> float:
    """Milliseconds of the bot's process for one update, the jobs that it causes included."""
    before = cpu_seconds(place.bot.pid)
    for number in range(updates):
        await act(people[number % len(people)])
    await asyncio.sleep(SETTLES)
    return (cpu_seconds(place.bot.pid) - before) / updates * 1000


async def _is_idle(place: BenchClinic) -> None:
    """Wait until the round over all scans, which begins with the bot, has ended: it is no part of an answer."""
    used = -1.0
    while cpu_seconds(place.bot.pid) - used > IDLE:
        used = cpu_seconds(place.bot.pid)
        await asyncio.sleep(1)


async def _asks(person: Person, text: str) -> None:
    await person.sends(text)
    await person.sees("")


class _Buttons:
    """Presses the first button of each person's newest /queue, which opens a card."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, int]] = {}

    async def press(self, person: Person) -> None:
        if person.chat_id not in self._known:
            await person.sends("/queue")
            shown = await person.sees("")
            self._known[person.chat_id] = (shown.keys[0].data or "", shown.id)
        await person.forges(*self._known[person.chat_id])
