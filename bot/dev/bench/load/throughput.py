"""Scans and jobs a minute when many pictures come at once, with Telegram's limits on."""

import asyncio
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import func, select

from bot.dev.chaos.clinic import Clinic, open_clinic
from bot.dev.demo import Cast
from bot.dev.sandbox.api.calls import Upload
from bot.dev.sandbox.people import send_photos
from models.base import read_only
from models.tables.jobs import Job
from models.tables.scans import Scan
from models.vocabulary import Role


async def measure_throughput(scratch: Path, picture: bytes, scans: int, server: str, workers: int) -> dict[str, Any]:
    """One photo of each patient at once, until every job is done; `workers`: processes, 0 for the bot alone."""
    staff = (Cast("Dr Rao", Role.DOCTOR, "rao@example.org", number="D-1"),)
    patients = tuple(Cast(f"Patient {n}", Role.PATIENT, f"p{n}@example.org") for n in range(scans))
    roles = ("bot-without-worker", *["worker"] * workers) if workers else ("bot",)
    folder = scratch / f"load-{'postgresql' if server else 'sqlite'}-{workers}"
    async with open_clinic(folder, server, (*patients, *staff), roles) as clinic:
        await clinic.ready()
        engine, began = clinic.sandbox.engine, perf_counter()
        for person in [one for one in engine.store.people.values() if one.name.startswith("Patient")]:
            await send_photos(engine, person, [Upload("photo.jpg", picture, "image/jpeg")])
        taken = None
        while True:
            await asyncio.sleep(0.1)
            stored, waiting, jobs = await _counts(clinic)
            if stored == scans and taken is None:
                taken = perf_counter() - began
            if stored == scans and not waiting:
                break
        seconds = perf_counter() - began
    return {
        "database": "PostgreSQL" if server else "SQLite",
        "workers": workers,
        "scans": scans,
        "taken_in_s": round(taken or 0, 1),
        "seconds": round(seconds, 1),
        "scans_per_min": round(scans / seconds * 60),
        "jobs_per_min": round(jobs / seconds * 60),
    }


async def _counts(clinic: Clinic) -> tuple[int, int, int]:
    """Scans, open jobs, jobs."""
    async with read_only(clinic.sessions) as session:
        waiting = select(func.count()).select_from(Job).where(Job.ended_at.is_(None))
        return (
            await session.scalar(select(func.count()).select_from(Scan)) or 0,
            await session.scalar(waiting) or 0,
            await session.scalar(select(func.count()).select_from(Job)) or 0,
        )
