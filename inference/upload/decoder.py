"""Where strangers' bytes become pixels: a process of its own that may be lost, asked one picture at a time."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import numpy as np

from inference.errors import Reason, Refused
from inference.upload.limits import MOST_BYTES, MOST_PIXELS
from inference.upload.picture import Adjustment, Format, Picture

T = TypeVar("T")
THREADS: Final = 2  # one waits for the child while the other reads a picture that is open
HERE: Final = Path(__file__).parents[2]
PATIENCE: Final = 20.0  # seconds for one picture, however busy the machine is; the processor's limit is the child's own
LONGEST_WORD: Final = 1000  # bytes of what the child says about a picture
THRIFT: Final = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": str(1024 * 1024)}
GONE: Final = (EOFError, OSError, ValueError)  # what a pipe to a dead child, or nonsense from a live one, raises


class Lost(Exception):
    """The child ended in the middle of a picture; `slow`: of the time that it took."""

    def __init__(self, slow: bool) -> None:
        super().__init__(slow)
        self.slow = slow


class Darkroom:
    """`open` is `upload.open_picture` behind a wall: a decoder that crashes, hangs or bloats costs a child, no more.

    The child is told no secret (its environment is empty), writes no file and starts no process; reading what the bot's
    own user may read is not taken from it. What it says is checked, never unpickled. It comes up at
    once, warms in a quarter of a second, and is replaced when it is lost. Any thread may ask; one picture is open at
    a time."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience, self._turn = patience, threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, "darkroom")
        self._child = _Child()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._child.pid

    def open(self, data: bytes, longest: int | None = None) -> Picture:
        """A grey picture; raises Refused with the reason, TOO_HEAVY where time or memory ran out.

        A child may die of what others do to the machine, so the picture is then tried once more."""
        if len(data) > MOST_BYTES:
            raise Refused(Reason.TOO_LARGE)
        with self._turn:
            for _ in range(2):
                try:
                    return self._child.develop(data, longest, self._patience)
                except Lost as lost:
                    self._child = _Child()
                    if lost.slow:
                        break
        raise Refused(Reason.TOO_HEAVY)

    async def aside(self, work: Callable[..., T], *given: object) -> T:
        """Await work with pictures in threads of its own: forty of them in a queue hold up nobody's password."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    def close(self) -> None:
        """Let the picture under way finish, and end the child."""
        self._threads.shutdown(cancel_futures=True)
        with self._turn:
            self._child.end()


class _Child:
    """One process and the pipe to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-m", "inference.upload.decoder_process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # a decoder's complaint may quote the file
                start_new_session=True,  # Ctrl-C is the parent's
            )
        self._door = Connection(ours.detach())

    @property
    def pid(self) -> int:
        return self._process.pid

    def develop(self, data: bytes, longest: int | None, patience: float) -> Picture:
        """Raises Refused for what the child refuses, Lost when it ends, talks nonsense or is too slow."""
        began, watch = monotonic(), threading.Timer(patience, self._process.kill)
        watch.start()
        try:
            self._door.send_bytes(json.dumps(longest).encode())
            self._door.send_bytes(data)
            said = json.loads(self._door.recv_bytes(LONGEST_WORD))
            if "reason" not in said:
                return self._receive(said)
            reason = Reason(said["reason"])
        except (*GONE, KeyError, TypeError) as error:
            self.end()
            late = monotonic() - began >= patience
            raise Lost(slow=late or self._process.returncode == -signal.SIGXCPU) from error
        finally:
            watch.cancel()
        raise Refused(reason)

    def end(self) -> None:
        self._door.close()
        self._process.kill()
        self._process.wait()

    def _receive(self, said: Mapping[str, Any]) -> Picture:
        """The pixels that were announced, and not one more."""
        height, width = said["shape"]
        if not 0 < height * width <= MOST_PIXELS:
            raise ValueError("more pixels than any picture has")
        grey = np.empty(height * width, np.uint8)
        if self._door.recv_bytes_into(grey.data) != grey.size:
            raise ValueError("fewer pixels than announced")
        return Picture(
            grey.reshape(height, width),
            Format(said["format"]),
            tuple(Adjustment(one) for one in said["adjustments"]),
            (int(said["size"][0]), int(said["size"][1])),
        )


def _environment() -> dict[str, str]:
    """Nothing of ours is handed on, except where an unusual machine keeps its shared libraries."""
    libraries = {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}
    return {**libraries, "PYTHONPATH": str(HERE), **THRIFT}
