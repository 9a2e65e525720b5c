"""The decoder process: limited memory and CPU time, no files, no network, no other process."""

import json
import resource
import sys
import warnings
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from inference.confinement import confine
from inference.errors import Reason, Refused
from inference.full_depth import FullDepth, open_full_depth
from inference.upload.dct_hash import dct_hash
from inference.upload.open import open_picture
from inference.upload.picture import Picture

EXTRA_MEMORY: Final = 512 * 1024 * 1024  # bytes beyond the started process; 40 megapixels in 16 bits need 370 MB
CPU_SECONDS: Final = 5  # per picture; 40 megapixels need one
NEEDED: Final = (  # modules that are imported when they are first used, which is too late behind the walls
    *("numpy.ma", "gdcm", "pydicom", "pydicom.encaps", "pydicom.pixels", "pydicom.pixels.decoders"),
    *("pydicom.pixels.processing", "pydicom.pixels.utils"),
    *("PIL.ImageOps", "PIL.TiffImagePlugin"),  # the orientation of photos
)
ZERO_LIMITS: Final = (resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_CORE)


def main(pipe: Connection) -> None:
    """Decode pictures until the parent closes the pipe."""
    warnings.simplefilter("ignore")
    for module in NEEDED:
        import_module(module)
    set_limits()
    confine()
    while True:
        try:
            max_side, full_depth = json.loads(pipe.recv_bytes())
            data = pipe.recv_bytes()
        except EOFError:
            return
        reset_cpu_limit()
        decode_one(pipe, data, max_side, full_depth)


def decode_one(pipe: Connection, data: bytes, max_side: int | None, full_depth: bool) -> None:
    """Send a JSON header with the picture's metadata or the refusal, then the pixels."""
    try:
        if full_depth:
            deep = open_full_depth(data)
            facts, pixels = describe_depth(deep), deep.values.data
        else:
            picture = open_picture(data, max_side)
            facts, pixels = describe(picture), picture.grey.data
    except Refused as refused:
        send_header(pipe, reason=refused.reason)
    except MemoryError:
        send_header(pipe, reason=Reason.TOO_HEAVY)
    else:
        send_header(pipe, **facts)
        pipe.send_bytes(pixels.cast("B"))


def send_header(pipe: Connection, **facts: object) -> None:
    pipe.send_bytes(json.dumps(facts).encode())


def describe(picture: Picture) -> dict[str, object]:
    return {
        "shape": picture.grey.shape,
        "format": picture.format,
        "adjustments": picture.adjustments,
        "size": picture.size,
        "declared": picture.declared,
        "orientation": picture.orientation,
        "dct_hash": dct_hash(picture.grey),
    }


def describe_depth(picture: FullDepth) -> dict[str, object]:
    return {
        "shape": picture.values.shape,
        "bits": 8 * picture.values.itemsize,
        "window": picture.window,
        "spacing": picture.spacing,
        "at_detector": picture.at_detector,
    }


def set_limits() -> None:
    """Forbid file writes, child processes and core dumps, and cap the address space."""
    for limit in ZERO_LIMITS:
        resource.setrlimit(limit, (0, 0))
    if sys.platform == "linux":
        ceiling = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + EXTRA_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))


def reset_cpu_limit() -> None:
    """Allow CPU_SECONDS more of CPU time; beyond it the kernel ends the process (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS, hard))


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
