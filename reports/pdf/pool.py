"""Process pool that renders and signs PDFs outside the event loop."""

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
from reports.content.slip import ClaimSlip
from reports.signing.signers import KeyFolder, SignedReport, Signer

Result = TypeVar("Result")


class PdfPool:
    """A pool of rendering processes, started by `start` or by the first `render`.

    The processes live as long as the pool: their memory is flat, and `max_tasks_per_child` hangs on Python 3.11.
    When one dies (killed, out of memory), the pool is replaced and the job run once more.
    """

    def __init__(self, workers: int = 2) -> None:
        self.workers = workers
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._pool: ProcessPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Start and warm up the processes (fonts loaded, a first page rendered); takes some seconds."""
        pool = self._open()
        ready = [await asyncio.to_thread(pool.submit, os.getpid) for _ in range(self.workers)]
        await asyncio.gather(*map(asyncio.wrap_future, ready))

    async def render(self, document: Document) -> bytes:
        """The PDF of the document, unsigned. Raises what `reports.pdf.render.render` raises."""
        return await self._run(_render, document)

    async def render_slip(self, slip: ClaimSlip) -> bytes:
        """The PDF of a claim slip."""
        return await self._run(_render_slip, slip)

    async def issue(
        self, document: Document, signers: Sequence[Signer], keys: KeyFolder, passphrase: str
    ) -> SignedReport:
        """The signed master and copy. Raises what `reports.signing.sign.issue_report` raises."""
        return await self._run(_issue, document, signers, keys, passphrase)

    async def close(self) -> None:
        """Finish running jobs, cancel waiting ones, stop the processes."""
        pool, self._pool = self._pool, None
        folder, self._folder = self._folder, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        if folder is not None:
            await asyncio.to_thread(folder.cleanup)

    async def _run(self, work: Callable[..., Result], *args: object) -> Result:
        pool = self._open()
        try:
            return await _submit(pool, work, *args)
        except BrokenProcessPool:
            self._discard(pool)
            return await _submit(self._open(), work, *args)

    def _open(self) -> ProcessPoolExecutor:
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="csss-pdf-")
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _initialise, (self._folder.name,))
        return self._pool

    def _discard(self, broken: ProcessPoolExecutor) -> None:
        """Discard a broken pool, unless another failed job already has."""
        if self._pool is broken:
            self._pool = None


async def _submit(pool: ProcessPoolExecutor, work: Callable[..., Result], *args: object) -> Result:
    return await asyncio.wrap_future(await asyncio.to_thread(pool.submit, work, *args))


def _render(document: Document) -> bytes:
    from reports.pdf.render import render  # noqa: PLC0415  # WeasyPrint is loaded in the pool's processes only

    return render(document)


def _render_slip(slip: ClaimSlip) -> bytes:
    from reports.pdf.render import render_slip  # noqa: PLC0415  # as above

    return render_slip(slip)


def _issue(document: Document, signers: Sequence[Signer], keys: KeyFolder, passphrase: str) -> SignedReport:
    from reports.signing.sign import issue_report  # noqa: PLC0415  # as above, and so is pyHanko

    return issue_report(document, signers, keys, passphrase)


def _initialise(folder: str) -> None:
    """Initialise a process: ignore SIGINT, use the pool's temporary folder, end with the parent, warm up."""
    import reports.signing.sign  # noqa: F401, PLC0415  # as above
    from reports.pdf.render import warm  # noqa: PLC0415  # as above

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = folder
    threading.Thread(target=_follow_parent, args=(folder,), daemon=True).start()
    warm()
    gc.freeze()  # keeps the libraries' objects out of every later garbage collection


def _follow_parent(folder: str) -> None:
    """End this process when the parent does: after SIGKILL of the parent, pool processes would wait for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)
