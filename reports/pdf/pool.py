"""Processes that turn documents into PDFs, so that the event loop never waits for a page."""

import asyncio
import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from types import TracebackType
from typing import Self, TypeVar

from reports.content.document import Document
from reports.signing.signers import Hand, KeyFolder, Printed

Made = TypeVar("Made")


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
        """The PDF of the document, unsigned. Raises what `reports.pdf.render.render` raises."""
        return await self._do(_render, document)

    async def print(self, document: Document, hands: Sequence[Hand], keys: KeyFolder, passphrase: str) -> Printed:
        """Master and copy, signed. Raises what `reports.signing.sign.print_report` raises."""
        return await self._do(_print, document, hands, keys, passphrase)

    async def close(self) -> None:
        """Let running pages finish and stop the processes; pages still waiting are cancelled."""
        pool, self._pool = self._pool, None
        scratch, self._scratch = self._scratch, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        if scratch is not None:
            await asyncio.to_thread(scratch.cleanup)

    async def _do(self, work: Callable[..., Made], *asked: object) -> Made:
        pool = self._open()
        try:
            return await _in(pool, work, *asked)
        except BrokenProcessPool:
            self._drop(pool)
            return await _in(self._open(), work, *asked)

    def _open(self) -> ProcessPoolExecutor:
        self._scratch = self._scratch or tempfile.TemporaryDirectory(prefix="csss-press-")
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _settle, (self._scratch.name,))
        return self._pool

    def _drop(self, broken: ProcessPoolExecutor) -> None:
        """Forget a broken pool, unless another page that it lost has already done so."""
        if self._pool is broken:
            self._pool = None


async def _in(pool: ProcessPoolExecutor, work: Callable[..., Made], *asked: object) -> Made:
    return await asyncio.wrap_future(await asyncio.to_thread(pool.submit, work, *asked))


def _render(document: Document) -> bytes:
    from reports.pdf.render import render  # noqa: PLC0415  # WeasyPrint is for the children: the bot must not carry it

    return render(document)


def _print(document: Document, hands: Sequence[Hand], keys: KeyFolder, passphrase: str) -> Printed:
    from reports.signing.sign import print_report  # noqa: PLC0415  # as above, and so is pyHanko

    return print_report(document, hands, keys, passphrase)


def _settle(scratch: str) -> None:
    """In a new process: leave Ctrl-C to the parent, keep fonts in its folder, die when it dies, draw a first page."""
    import reports.signing.sign  # noqa: F401, PLC0415  # as above
    from reports.pdf.render import warm  # noqa: PLC0415  # as above

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = scratch
    threading.Thread(target=_follow_parent, args=(scratch,), daemon=True).start()
    warm()
    gc.freeze()  # the libraries stay for good: without this each report has them searched for garbage, too


def _follow_parent(scratch: str) -> None:
    """A pool's children outlive a parent that was killed with -9, waiting for pages that nobody will send."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)
