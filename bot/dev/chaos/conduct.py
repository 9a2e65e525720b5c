"""A run of the chaos: people, faults and checks."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final, NamedTuple

from bot.dev.chaos.checks import NO_JOB_LEASED, NO_JOB_LEFT, Finding, Received, check, received
from bot.dev.chaos.clinic import CLOCK_JUMP, STOP_WITHIN, Clinic, open_clinic
from bot.dev.chaos.deck import deal, kinds
from bot.dev.chaos.journey import Journey, Repeat, Team
from bot.dev.demo import Cast, sample
from bot.dev.sandbox import Person, SandboxClient
from models.vocabulary import Role

TEAMS: Final = 2
CALM: Final = (1.0, 6.0)  # seconds between two faults
REST: Final = 30.0  # seconds after everything arrived, within which every lease has to end
DRAIN: Final = CLOCK_JUMP + 60  # seconds for jobs that wait for their time, made while the clock was ahead
ARRIVAL: Final = 360.0  # seconds for what waits for its next try: MAX_BACKOFF and a minute
SCAN: Final = 900.0  # seconds that one scan may take
Say = Callable[[str], None]


class Done(NamedTuple):
    """One fault; `at`: seconds since the start."""

    at: float
    name: str
    what: str


class Result(NamedTuple):
    database: str
    scans: int
    seed: int
    seconds: float
    faults: Sequence[Done]
    left_out: Sequence[str]  # kinds of faults for which the run was too short
    repeats: Sequence[Repeat]
    findings: Sequence[Finding]

    @property
    def kept(self) -> bool:
        return all(finding.kept for finding in self.findings)


async def run(scans: int, seed: int, server: str, say: Say, keep_logs: bool = False) -> Result:
    """Bring so many scans to their reports under seeded faults; check everything. `server`: "" for SQLite.

    Raises OperationalError when PostgreSQL does not answer."""
    began, picture = monotonic(), await asyncio.to_thread(lambda: sample().data)
    with tempfile.TemporaryDirectory(prefix="csss-chaos-", ignore_cleanup_errors=True) as scratch:
        async with (
            open_clinic(Path(scratch), server, _cast(scans)) as clinic,
            SandboxClient(clinic.sandbox.base) as wire,
        ):
            stage = Stage(clinic, wire, scans, Random(seed), say, began)  # noqa: S311 - repeatable faults
            await stage.play(picture)
            findings = await stage.findings()
        if keep_logs:
            say(f"logs: {_copy_logs(Path(scratch))}")
    return Result(
        "PostgreSQL" if server else "SQLite",
        scans,
        seed,
        round(monotonic() - began, 1),
        stage.done,
        [fault.name for fault in kinds(postgresql=bool(server)) if fault.name not in {one.name for one in stage.done}],
        [repeat for journey in stage.journeys for repeat in journey.repeats],
        findings,
    )


class Stage:
    """The running chaos."""

    def __init__(self, clinic: Clinic, wire: SandboxClient, scans: int, rng: Random, say: Say, began: float) -> None:
        self._clinic, self._wire, self._scans, self._rng, self._say, self._began = clinic, wire, scans, rng, say, began
        self._is_over = asyncio.Event()
        self._issued = 0
        self.done: list[Done] = []
        self.journeys: list[Journey] = []
        self._patients: dict[str, Person] = {}

    async def play(self, picture: bytes) -> None:
        """All journeys, with faults until the last is over; then wait until everything has arrived."""
        await self._clinic.ready()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._faults())
            await asyncio.gather(*(self._shift(team, picture) for team in range(min(TEAMS, self._scans))))
            self._is_over.set()
        self._clinic.sandbox.mailbox.fail(0)  # a refusal that no mail has met
        with suppress(TimeoutError):
            async with asyncio.timeout(ARRIVAL):
                await self._until_all_arrived()

    async def _until_all_arrived(self) -> None:
        while not await self._all_arrived():  # noqa: ASYNC110 - polls chats and mailbox
            await asyncio.sleep(1)

    async def findings(self) -> list[Finding]:
        """Check all promises, at the latest `REST` seconds after everything arrived, or `DRAIN` where only jobs are
        left and none is leased for as long as `REST`; then stop the processes."""
        begun, unleased = monotonic(), monotonic()
        while True:
            found = await check(self._clinic, await self._arrived())
            broken = {finding.promise for finding in found if not finding.kept}
            unleased = unleased if NO_JOB_LEASED in broken else monotonic()
            drains = broken <= {NO_JOB_LEFT, NO_JOB_LEASED} and monotonic() <= unleased + REST
            if not broken or monotonic() > begun + (DRAIN if drains else REST):
                break
            await asyncio.sleep(1)
        return [*found, self._inputs(), await self._stops()]

    async def _shift(self, team: int, picture: bytes) -> None:
        """One team's scans, one after the other."""
        doctor, pharmacist, administrator = _staff(team)
        staff = Team(
            await self._wire.person(doctor.name),
            await self._wire.person(pharmacist.name),
            await self._wire.person(administrator.name),
            administrator.email,
        )
        for number in range(team, self._scans, TEAMS):
            patient = _patient(number)
            self._patients[patient.email] = person = await self._wire.person(patient.name)
            journey = Journey(self._clinic, self._wire, staff, person, patient.email, self._report)
            self.journeys.append(journey)
            with suppress(TimeoutError):  # the checks find a scan that has no report
                async with asyncio.timeout(SCAN):
                    await journey.play(picture)
                self._issued += 1
                self._report(f"report {self._issued} of {self._scans} is issued")

    async def _faults(self) -> None:
        """One fault after the other, until the journeys are over; the last one ends before this returns."""
        for fault in deal(self._rng, postgresql=bool(self._clinic.server)):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_over.wait(), self._rng.uniform(*CALM))
            if self._is_over.is_set():
                return
            at = monotonic() - self._began
            self._report(f"begins: {fault.name}")
            what = await fault.run(self._clinic, self._rng)
            self.done.append(Done(round(at, 1), fault.name, what))
            self._report(f"over:   {fault.name}: {what}")
            await self._clinic.ready()  # or a slow machine never gets to work between two kills

    async def _arrived(self) -> dict[str, Received]:
        return {email: await received(self._wire, person, email) for email, person in self._patients.items()}

    async def _all_arrived(self) -> bool:
        return all(one.documents and one.mails for one in (await self._arrived()).values())

    def _inputs(self) -> Finding:
        repeats = [repeat for journey in self.journeys for repeat in journey.repeats]
        silent = [f"{repeat.step} of scan {repeat.scan or 'without number'}" for repeat in repeats if not repeat.told]
        asked = len(repeats) - len(silent)
        words = f"{asked} times people were asked to try again; unasked: {', '.join(silent) or 'never'}"
        return Finding("no input is lost in silence", words, not silent)

    async def _stops(self) -> Finding:
        codes = {}
        own_ends = sum(one.own_ends for one in self._clinic.kept)
        for one in self._clinic.kept:
            one.kills += 1  # no longer started again by itself
            with suppress(TimeoutError):
                codes[one.name] = await one.program.stop(STOP_WITHIN)
        bad = [one.name for one in self._clinic.kept if codes.get(one.name) != 0]
        words = f"{own_ends} ended by themselves; at SIGTERM {', '.join(bad) or 'none'} ended badly"
        return Finding("processes end when they are told to", words, not bad)

    def _report(self, words: str) -> None:
        self._say(f"{monotonic() - self._began:6.1f} s  {words}")


def _copy_logs(scratch: Path) -> Path:
    kept = Path(tempfile.mkdtemp(prefix="csss-chaos-logs-"))
    for log in scratch.glob("*.log"):
        shutil.copy(log, kept)
    return kept


def _cast(scans: int) -> tuple[Cast, ...]:
    teams = range(min(TEAMS, scans))
    return (*(_patient(number) for number in range(scans)), *(one for team in teams for one in _staff(team)))


def _patient(number: int) -> Cast:
    return Cast(f"Patient {number:03}", Role.PATIENT, f"patient-{number}@example.org")


def _staff(team: int) -> tuple[Cast, Cast, Cast]:
    return (
        Cast(f"Dr {team}", Role.DOCTOR, f"doctor-{team}@example.org", number=f"D-{team}"),
        Cast(f"Pharmacist {team}", Role.PHARMACIST, f"pharmacist-{team}@example.org", number=f"P-{team}"),
        Cast(f"Administrator {team}", Role.ADMINISTRATOR, f"administrator-{team}@example.org"),
    )
