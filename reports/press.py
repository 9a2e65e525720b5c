"""Processes that turn documents into PDFs, so that the event loop never waits for a page."""

import asyncio
import os
import shutil
import signal
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from types import TracebackType
from typing import Self

from reports.document import Document


class Press:
    """A pool of drawing processes. Making one is free; `start`, or else the first `render`, brings the processes up.

    The processes live as long as the press: their memory is flat, and `max_tasks_per_child` hangs on Python 3.11.
    One that dies (killed, out of memory) takes its whole pool along; the next render gets a new pool.
    """

    def __init__(self, workers: int = 2) -> None:
        self.workers = workers
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._pool: ProcessPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Bring the processes up and warm, fonts read and a first page drawn; takes some seconds."""
        pool = self._open()
        ready = [await asyncio.to_thread(pool.submit, os.getpid) for _ in range(self.workers)]
        await asyncio.gather(*map(asyncio.wrap_future, ready))

    async def render(self, document: Document) -> bytes:
        """The PDF of the document. Raises what `reports.render.render` raises."""
        pool = self._open()
        try:
            return await self._draw(pool, document)
        except BrokenProcessPool:
            self._drop(pool)
            return await self._draw(self._open(), document)

    async def close(self) -> None:
        """Let running pages finish and stop the processes; pages still waiting are cancelled."""
        pool, self._pool = self._pool, None
        scratch, self._scratch = self._scratch, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        if scratch is not None:
            await asyncio.to_thread(scratch.cleanup)

    async def _draw(self, pool: ProcessPoolExecutor, document: Document) -> bytes:
        drawing = await asyncio.to_thread(pool.submit, _render, document)
        return await asyncio.wrap_future(drawing)

    def _open(self) -> ProcessPoolExecutor:
        self._scratch = self._scratch or tempfile.TemporaryDirectory(prefix="csss-press-")
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _settle, (self._scratch.name,))
        return self._pool

    def _drop(self, broken: ProcessPoolExecutor) -> None:
        """Forget a broken pool, unless another page that it lost has already done so."""
        if self._pool is broken:
            self._pool = None


def _render(document: Document) -> bytes:
    from reports.render import render  # noqa: PLC0415  # WeasyPrint is for the children: the bot must not carry it

    return render(document)


def _settle(scratch: str) -> None:
    """In a new process: leave Ctrl-C to the parent, keep fonts in its folder, die when it dies, draw a first page."""
    from reports.render import warm  # noqa: PLC0415  # as above

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = scratch
    threading.Thread(target=_follow_parent, args=(scratch,), daemon=True).start()
    warm()


def _follow_parent(scratch: str) -> None:
    """A pool's children outlive a parent that was killed with -9, waiting for pages that nobody will send."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)
