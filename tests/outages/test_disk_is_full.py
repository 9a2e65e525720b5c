"""A full disk: one clear message, nothing stored in part, and later the bot goes on."""

import asyncio
import resource
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.app import Engines
from models.tables.scans import Scan
from tests.support.disk import ballast, mounted_disk
from tests.support.jobs import count, settles
from tests.support.people import Clinic, open_clinic
from workflow.jobs import JobKind, enqueue

ROOM = 3_000_000  # bytes per file: more than the database needs here, less than the large film


@pytest.mark.slow
async def test_a_file_that_cannot_be_written_leaves_no_trace(clinic: Clinic) -> None:
    """The system limits file sizes (RLIMIT_FSIZE, EFBIG); the same picture is accepted without the limit."""
    film = _large_film(clinic.picture)
    assert ROOM < len(film) < 20_000_000
    await clinic.amina.sends("/start")
    await clinic.amina.sees("Hello")
    await settles(clinic)
    with _small_files(ROOM):
        await clinic.amina.sends_file(film, "film.png")
        reply = await clinic.amina.sees("went wrong on our side", timeout=30)
        assert "try again" in reply.text
        assert await _nothing_is_kept(clinic)
    await clinic.amina.sends_file(film, "film.png")
    await clinic.amina.sees("What troubles you", timeout=30)
    assert await count(clinic, Scan) == 1


@pytest.fixture
def small_disk() -> Iterator[Path]:
    with mounted_disk() as disk:
        yield disk


@pytest.fixture
async def small_clinic(engines: Engines, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clinic]:
    """A clinic whose whole data folder, database included, is on the small disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    async with open_clinic(engines) as opened:
        yield opened


@pytest.mark.slow
async def test_a_full_disk_is_survived_and_what_was_sent_twice_is_stored_once(
    small_clinic: Clinic, small_disk: Path
) -> None:
    """No byte is free, neither for the picture nor for the database: the bot answers so, stays up, and goes on."""
    clinic = small_clinic
    await clinic.amina.sends("/start")
    await clinic.amina.sees("Hello")
    await settles(clinic)
    due = datetime.now(UTC) + timedelta(seconds=2)
    async with clinic.app.services.sessions.begin() as session:  # the worker writes at that moment, too
        enqueue(session, JobKind.SHOW_MENU, due, chat_id=clinic.amina.chat_id)
    with ballast(small_disk, leave=0):
        await clinic.amina.sends_photo(clinic.picture)
        await clinic.amina.sees("went wrong on our side", timeout=30)
        assert await _nothing_is_kept(clinic)
        await asyncio.sleep(max(0, (due - datetime.now(UTC)).total_seconds()) + 1)
    await clinic.amina.sends_photo(clinic.picture)
    await clinic.amina.sees("What troubles you")
    await settles(clinic)
    assert await count(clinic, Scan) == 1


async def test_when_only_the_first_of_two_files_fits_it_is_taken_out_again(
    small_clinic: Clinic, small_disk: Path
) -> None:
    """A picture is stored as uploaded and as displayed; without room for both neither is stored."""
    clinic = small_clinic
    await clinic.amina.sends("/start")
    await clinic.amina.sees("Hello")
    await settles(clinic)
    sent = _small_film(clinic.picture)
    with ballast(small_disk, leave=len(sent) + 20_000):
        await clinic.amina.sends_file(sent, "film.jpg")
        await clinic.amina.sees("went wrong on our side", timeout=30)
        assert await _nothing_is_kept(clinic)


async def _nothing_is_kept(clinic: Clinic) -> bool:
    files = [path for path in clinic.app.services.vault.store.root.rglob("*") if path.is_file()]
    return not files and await count(clinic, Scan) == 0


@contextmanager
def _small_files(most: int) -> Iterator[None]:
    """Limit every file of this process to this many bytes."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        signal.signal(signal.SIGXFSZ, ignored)


def _large_film(scan: bytes) -> bytes:
    """The radiograph at a size and with a grain that make a large file."""
    film = Image.open(BytesIO(scan)).convert("L").resize((2600, 2600))
    grain = np.random.default_rng(1).normal(0, 6, (2600, 2600))
    data = BytesIO()
    Image.fromarray(np.clip(np.asarray(film) + grain, 0, 255).astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


def _small_film(scan: bytes) -> bytes:
    """Strongly compressed: the display copy is larger than the upload."""
    data = BytesIO()
    Image.open(BytesIO(scan)).convert("L").save(data, "JPEG", quality=20)
    return data.getvalue()
