"""How the process treats the machine: one core for a small matrix, and memory given back when a picture is done."""

import ctypes
import os
import sys
from typing import Final

M_MMAP_THRESHOLD: Final = -3  # glibc's malloc.h
LARGE: Final = 1024 * 1024  # bytes


def be_thrifty() -> None:
    """To be called before numpy is imported. What the environment says already stands.

    OpenBLAS would wake every core for a product of a few thousand numbers, and its threads then spin where the
    network is to run: a reading took twice as long. And glibc keeps freed blocks of up to 32 MB once it has seen
    one: a fixed threshold gives each picture's back at once."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.platform == "linux" and not os.environ.keys() & {"MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"}:
        adjust = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if adjust is not None:
            adjust(M_MMAP_THRESHOLD, LARGE)
