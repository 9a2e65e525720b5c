"""The child of the darkroom: little memory, little time, nothing to write to, and no way to start anything."""

import json
import resource
import sys
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from inference.errors import Reason, Refused
from inference.upload.open import open_picture
from inference.upload.picture import Picture

MEMORY: Final = 512 * 1024 * 1024  # bytes beyond what the warm process has; 40 megapixels in 16 bits need 370 MB
SECONDS: Final = 5  # of processor time for one picture; 40 megapixels need one
FORBIDDEN: Final = (resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_CORE)


def main(door: Connection) -> None:
    """Open pictures until the parent hangs up, or is gone."""
    warnings.simplefilter("ignore")
    confine()
    while True:
        try:
            longest = json.loads(door.recv_bytes())
            data = door.recv_bytes()
        except EOFError:
            return
        wind_up()
        answer(door, data, longest)


def answer(door: Connection, data: bytes, longest: int | None) -> None:
    """The picture, or why there is none: one line of JSON, then the pixels."""
    try:
        picture = open_picture(data, longest)
    except Refused as refused:
        say(door, reason=refused.reason)
    except MemoryError:
        say(door, reason=Reason.TOO_HEAVY)
    else:
        say(door, **describe(picture))
        door.send_bytes(picture.grey.data.cast("B"))


def say(door: Connection, **facts: object) -> None:
    door.send_bytes(json.dumps(facts).encode())


def describe(picture: Picture) -> dict[str, object]:
    return {
        "shape": picture.grey.shape,
        "format": picture.format,
        "adjustments": picture.adjustments,
        "size": picture.size,
    }


def confine() -> None:
    """Not a byte written to a file, no further process, no core dumps, and a ceiling above the memory in use."""
    for limit in FORBIDDEN:
        resource.setrlimit(limit, (0, 0))
    if sys.platform == "linux":
        ceiling = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))


def wind_up() -> None:
    """Grant the next picture its processor time; when it is over the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + SECONDS, hard))


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])))
