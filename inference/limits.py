"""How large or small an upload may be."""

from typing import Final

from inference.errors import Reason, Refused

MOST_BYTES: Final = 20_000_000
MOST_PIXELS: Final = 40_000_000
LONGEST_SIDE: Final = 10_000
SHORTEST_SIDE: Final = 64


def check_size(width: int, height: int) -> None:
    """Judge the size that a header promises, before anything of that size is allocated."""
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise Refused(Reason.TOO_MANY_PIXELS)
    if min(width, height) < SHORTEST_SIDE:
        raise Refused(Reason.TOO_SMALL)
