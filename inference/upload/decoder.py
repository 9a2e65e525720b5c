"""Decode untrusted pictures in a separate, resource-limited process that is replaced when it fails."""

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
from numpy.typing import NDArray

from inference.errors import Reason, Refused
from inference.full_depth import FullDepth
from inference.upload.dct_hash import HEX_DIGITS
from inference.upload.limits import MAX_BYTES, MAX_PIXELS
from inference.upload.picture import Adjustment, Format, Picture
from models.vocabulary import Modality

T = TypeVar("T")
P = TypeVar("P")
Receiver = Callable[["_DecoderProcess", Mapping[str, Any]], P]
THREADS: Final = 2  # one waits for the decoder process while the other runs the classifier
UPLOAD_THREADS: Final = 1  # of what patients send and look at, which may be much and made to take long
IMPORT_ROOT: Final = Path(__file__).parents[2]
TIMEOUT: Final = 20.0  # seconds of wall clock for one picture; the decoder process limits its own CPU time
MAX_HEADER_BYTES: Final = 1000  # bytes of the JSON header before the pixels
MEMORY_SETTINGS: Final = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": str(1024 * 1024)}
DEPTHS: Final[Mapping[int, np.dtype[Any]]] = {8: np.dtype(np.uint8), 16: np.dtype(np.uint16)}
PIPE_ERRORS: Final = (EOFError, OSError, ValueError)  # raised by a broken pipe or a malformed answer


class DecoderLost(Exception):
    """The decoder process ended while decoding; `timed_out`: it exceeded its wall-clock or CPU time."""

    def __init__(self, timed_out: bool) -> None:
        super().__init__(timed_out)
        self.timed_out = timed_out


class DecoderPool:
    """Runs `inference.upload.open.open_picture` in a separate process, so that a decoder that crashes, hangs or
    exhausts memory only costs that process.

    The process gets an empty environment, and on Linux no files, no network and no other process
    (`inference.confinement`); it answers in JSON and raw pixels, which are validated and never unpickled. It starts in
    half a second and is replaced when it ends. Thread-safe; one picture is decoded at a time."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._timeout, self._lock = timeout, threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, "decoder")
        self._uploads = ThreadPoolExecutor(UPLOAD_THREADS, "upload")
        self._decoder = _DecoderProcess()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._decoder.pid

    def decode(self, data: bytes, max_side: int | None = None) -> Picture:
        """Decode to a grey picture. Raises Refused with the reason; TOO_HEAVY when time or memory ran out.

        A process that ended for another reason than time is replaced, and the picture tried once more."""
        return self._decode(data, max_side, False, _DecoderProcess.receive)

    def decode_full_depth(self, data: bytes) -> FullDepth:
        """Decode to the full size and depth. Raises as `decode`."""
        return self._decode(data, None, True, _DecoderProcess.receive_depth)

    def _decode(self, data: bytes, max_side: int | None, full_depth: bool, receive: Receiver[P]) -> P:
        if len(data) > MAX_BYTES:
            raise Refused(Reason.TOO_LARGE)
        with self._lock:
            for _ in range(2):
                try:
                    wanted = json.dumps([max_side, full_depth]).encode()
                    return self._decoder.decode(data, wanted, receive, self._timeout)
                except DecoderLost as lost_decoder:
                    self._decoder = _DecoderProcess()
                    if lost_decoder.timed_out:
                        break
        raise Refused(Reason.TOO_HEAVY)

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Await blocking work with pictures in dedicated threads, so that it never queues behind password hashing."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    async def run_upload(self, work: Callable[..., T], *args: object) -> T:
        """As `run`, for a patient's upload, or a film that a patient looks at: these wait for each other, and the work
        of staff for one at most."""
        return await asyncio.get_running_loop().run_in_executor(self._uploads, work, *args)

    def close(self) -> None:
        """Wait for the current picture and end the process."""
        for threads in (self._uploads, self._threads):
            threads.shutdown(cancel_futures=True)
        with self._lock:
            self._decoder.end()


class _DecoderProcess:
    """One decoder process and the pipe to it."""

    def __init__(self) -> None:
        parent_end, child_end = socket.socketpair()
        with child_end:
            self._process = subprocess.Popen(  # noqa: S603 - this package
                [sys.executable, "-m", "inference.upload.decoder_process", str(child_end.fileno())],
                pass_fds=[child_end.fileno()],
                env=_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # error messages may quote the file
                start_new_session=True,  # SIGINT is for the parent
            )
        self._pipe = Connection(parent_end.detach())

    @property
    def pid(self) -> int:
        return self._process.pid

    def decode(self, data: bytes, wanted: bytes, receive: Receiver[P], timeout: float) -> P:
        """Raises Refused when the process refuses, DecoderLost when it ends, answers malformed data or times out."""
        began, timer = monotonic(), threading.Timer(timeout, self._process.kill)
        timer.start()
        try:
            self._pipe.send_bytes(wanted)
            self._pipe.send_bytes(data)
            header = json.loads(self._pipe.recv_bytes(MAX_HEADER_BYTES))
            if "reason" not in header:
                return receive(self, header)
            reason = Reason(header["reason"])
        except (*PIPE_ERRORS, KeyError, TypeError) as error:
            self.end()
            overdue = monotonic() - began >= timeout
            raise DecoderLost(timed_out=overdue or self._process.returncode == -signal.SIGXCPU) from error
        finally:
            timer.cancel()
        raise Refused(reason)

    def end(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.wait()

    def receive(self, header: Mapping[str, Any]) -> Picture:
        """Receive a picture with exactly the announced pixels. Raises ValueError for any other number."""
        return Picture(
            self._pixels(header, np.dtype(np.uint8)),
            Format(header["format"]),
            tuple(Adjustment(one) for one in header["adjustments"]),
            (int(header["size"][0]), int(header["size"][1])),
            None if header["declared"] is None else Modality(header["declared"]),
            f"{int(header['dct_hash'], 16):0{HEX_DIGITS}x}"[:HEX_DIGITS],
            min(max(int(header["orientation"]), 1), 8),
        )

    def receive_depth(self, header: Mapping[str, Any]) -> FullDepth:
        """The same at full depth."""
        kind = DEPTHS[header["bits"]]
        low, high = (int(edge) for edge in header["window"])
        if not 0 <= low < high <= np.iinfo(kind).max:
            raise ValueError("a window beside the values")
        spacing = None if header["spacing"] is None else float(header["spacing"])
        return FullDepth(self._pixels(header, kind), (low, high), spacing, bool(header["at_detector"]))

    def _pixels(self, header: Mapping[str, Any], kind: np.dtype[Any]) -> NDArray[Any]:
        height, width = header["shape"]
        if not 0 < height * width <= MAX_PIXELS:
            raise ValueError("more pixels than the limit")
        pixels = np.empty(height * width, kind)
        if self._pipe.recv_bytes_into(pixels.data.cast("B")) != pixels.nbytes:
            raise ValueError("fewer pixels than announced")
        return pixels.reshape(height, width)


def _environment() -> dict[str, str]:
    """The process's environment: nothing is inherited but LD_LIBRARY_PATH."""
    libraries = {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}
    return {**libraries, "PYTHONPATH": str(IMPORT_ROOT), **MEMORY_SETTINGS}
