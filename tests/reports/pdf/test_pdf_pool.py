"""Reports are drawn in other processes: the loop is not blocked, a dead process is replaced, none outlives its
parent.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from reports.content.document import IncompleteReport
from reports.pdf.pool import PdfPool
from tests.support.pace import slowness
from tests.support.pdf import pages

pytestmark = pytest.mark.slow  # kills the pool's processes

ROOT = Path(__file__).parents[3]
ORPHANS = """
import asyncio, os
from reports.pdf.pool import PdfPool

async def main():
    press = PdfPool(workers=2)
    await press.start()
    print(*press._pool._processes, press._folder.name, flush=True)
    await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pdf_pool():
    async with PdfPool(workers=2) as pdf_pool:
        yield pdf_pool


async def listen(until: asyncio.Event) -> list[float]:
    """The loop's own processor time in seconds between ticks 5 ms apart; other processes do not count."""
    turns, before = [], time.thread_time()
    while not until.is_set():
        await asyncio.sleep(0.005)
        turns.append(time.thread_time() - before)
        before = time.thread_time()
    return turns


@pytest.mark.asyncio(loop_scope="module")
async def test_the_loop_never_waits_fifty_milliseconds_while_four_reports_are_drawn(pdf_pool, amina):
    done = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        turns = group.create_task(listen(done))
        pdfs = await asyncio.gather(*(pdf_pool.render(amina) for _ in range(4)))
        done.set()

    assert all(pdf.startswith(b"%PDF") for pdf in pdfs)
    assert max(turns.result()) < 0.05 * slowness()
    assert len(turns.result()) > 10, "the loop stood still"


@pytest.mark.asyncio(loop_scope="module")
async def test_the_output_of_the_pool_is_the_report(pdf_pool, amina):
    assert "Amina Sundaram" in pages(await pdf_pool.render(amina))[0]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_refusal_crosses_the_process_border_whole(pdf_pool, amina):
    with pytest.raises(IncompleteReport) as refusal:
        await pdf_pool.render(replace(amina, doctor=None))

    assert refusal.value.args == ("doctor",)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_killed_process_costs_no_report(pdf_pool, amina):
    victim = next(iter(pdf_pool._pool._processes))
    waiting = [asyncio.ensure_future(pdf_pool.render(amina)) for _ in range(3)]  # noqa: TID251  # awaited below
    await asyncio.sleep(0.1)
    os.kill(victim, signal.SIGKILL)

    assert all(pdf.startswith(b"%PDF") for pdf in await asyncio.gather(*waiting))


async def test_a_closed_pool_leaves_no_process_and_no_file():
    pdf_pool = PdfPool(workers=1)
    await pdf_pool.start()
    [child], scratch = list(pdf_pool._pool._processes), pdf_pool._folder.name
    assert entries(scratch) > 0, "the fonts were meant to lie here"

    await pdf_pool.close()

    assert not alive(child)
    assert entries(scratch) == 0


def test_children_die_with_a_parent_that_was_killed(tmp_path):
    script = tmp_path / "clinic.py"
    script.write_text(ORPHANS)
    telegram = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    with telegram:
        *children, scratch = telegram.stdout.readline().split()
        assert all(alive(int(child)) for child in children)
        telegram.kill()

    deadline = time.monotonic() + 10
    while any(alive(int(child)) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if alive(int(child))]
    assert len(children) == 2
    assert not Path(scratch).exists()


def entries(folder: str) -> int:
    return len(list(Path(folder).glob("*")))


def alive(process: int) -> bool:
    """Whether the process runs; a zombie does not count."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
