"""Process tuning: one BLAS thread, memory of large pictures returned to the system, short garbage collections."""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

M_MMAP_THRESHOLD: Final = -3  # glibc's malloc.h
LARGE: Final = 1024 * 1024  # bytes


def tune_process() -> None:
    """Call before numpy is imported. Existing environment variables take precedence.

    OpenBLAS uses every core even for small products, and its spinning threads doubled the time of a reading.
    glibc raises its mmap threshold up to 32 MB and then keeps freed blocks; a fixed threshold returns them."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.platform == "linux" and not os.environ.keys() & {"MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"}:
        adjust = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if adjust is not None:
            adjust(M_MMAP_THRESHOLD, LARGE)


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage in this block, and never look for any among the objects that are there at its end.

    For imports and the start of a service: what they make stays, and walking it would hold the event loop for a
    fifth of a second each time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
