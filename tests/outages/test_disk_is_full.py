"""No space where pictures are kept: one clear sentence, nothing half stored, and later it goes on."""

import asyncio
import os
import resource
import signal
import subprocess
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
from tests.support.jobs import count, settles
from tests.support.people import House, open_house
from workflow.jobs import JobKind, enqueue

ROOM = 3_000_000  # bytes that a file may have: more than the database needs here, less than the large film


async def test_a_file_that_cannot_be_written_leaves_no_trace(house: House) -> None:
    """The system lets no file grow (RLIMIT_FSIZE, EFBIG); the same picture is taken when it allows it again."""
    film = _large_film(house.picture)
    assert ROOM < len(film) < 20_000_000
    await house.amina.sends("/start")
    await house.amina.sees("Hello")
    await settles(house)
    with _small_files(ROOM):
        await house.amina.sends_file(film, "film.png")
        said = await house.amina.sees("went wrong on our side", timeout=30)
        assert "try again" in said.text
        assert await _nothing_is_kept(house)
    await house.amina.sends_file(film, "film.png")
    await house.amina.sees("What troubles you", timeout=30)
    assert await count(house, Scan) == 1


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of eight megabytes, where this machine lets us mount one."""
    with tempfile.TemporaryDirectory(prefix="csss-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "csss-test", folder]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("only a privileged user can mount a small disk: the full disk was not tried here")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
async def cramped_house(engines: Engines, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A clinic whose whole data folder, database included, lies on the small disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    async with open_house(engines) as opened:
        yield opened


async def test_a_full_disk_is_survived_and_what_was_sent_twice_is_stored_once(
    cramped_house: House, small_disk: Path
) -> None:
    """Not one byte is free, neither for the picture nor for the database: the bot says so, stays up, and goes on."""
    house = cramped_house
    await house.amina.sends("/start")
    await house.amina.sees("Hello")
    await settles(house)
    due = datetime.now(UTC) + timedelta(seconds=2)
    async with house.app.clinic.sessions.begin() as session:  # the worker wants to write just then, too
        enqueue(session, JobKind.SHOW_MENU, due, chat_id=house.amina.chat_id)
    with _ballast(small_disk, leave=0):
        await house.amina.sends_photo(house.picture)
        await house.amina.sees("went wrong on our side", timeout=30)
        assert await _nothing_is_kept(house)
        await asyncio.sleep(max(0, (due - datetime.now(UTC)).total_seconds()) + 1)
    await house.amina.sends_photo(house.picture)
    await house.amina.sees("What troubles you")
    await settles(house)
    assert await count(house, Scan) == 1


async def test_when_only_the_first_of_two_files_fits_it_is_taken_out_again(
    cramped_house: House, small_disk: Path
) -> None:
    """A picture is kept as it was sent and as it is shown; without room for both there is neither."""
    house = cramped_house
    await house.amina.sends("/start")
    await house.amina.sees("Hello")
    await settles(house)
    sent = _small_film(house.picture)
    with _ballast(small_disk, leave=len(sent) + 20_000):
        await house.amina.sends_file(sent, "film.jpg")
        await house.amina.sees("went wrong on our side", timeout=30)
        assert await _nothing_is_kept(house)


async def _nothing_is_kept(house: House) -> bool:
    files = [path for path in house.app.clinic.vault.root.rglob("*") if path.is_file()]
    return not files and await count(house, Scan) == 0


@contextmanager
def _small_files(most: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        signal.signal(signal.SIGXFSZ, ignored)


@contextmanager
def _ballast(disk: Path, leave: int) -> Iterator[None]:
    """Fill the disk up to so many bytes."""
    filler = disk / "ballast"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    filler.write_bytes(bytes(max(0, free - leave)))
    try:
        yield
    finally:
        filler.unlink()


def _large_film(scan: bytes) -> bytes:
    """The radiograph at a size and with a grain that make a heavy file."""
    film = Image.open(BytesIO(scan)).convert("L").resize((2600, 2600))
    grain = np.random.default_rng(1).normal(0, 6, (2600, 2600))
    data = BytesIO()
    Image.fromarray(np.clip(np.asarray(film) + grain, 0, 255).astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


def _small_film(scan: bytes) -> bytes:
    """Strongly compressed: what is shown of it is larger than what was sent."""
    data = BytesIO()
    Image.open(BytesIO(scan)).convert("L").save(data, "JPEG", quality=20)
    return data.getvalue()
