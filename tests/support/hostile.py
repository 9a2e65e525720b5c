"""Texts that are made to cost much time, and a measure of the time that they hold the event loop."""

import random
import string
from asyncio import BaseEventLoop
from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time
from typing import Final
from unittest.mock import patch

LONGEST: Final = 4096  # characters of a message, by the Bot API
_RANDOM: Final = random.Random(7)


def _words(length: int, letters: str = string.ascii_lowercase) -> str:
    count = LONGEST // (length + 1)
    return " ".join("".join(_RANDOM.choice(letters) for _ in range(length)) for _ in range(count))


def _times(text: str) -> str:
    return (text * LONGEST)[:LONGEST]


WORST: Final = {  # those that held the loop longest before they were bounded
    "ligatures of eighteen letters": _times("\ufdfa"),
    "unknown words of four letters": _words(4),
    "one number": _times("1"),
    "lines": _times("a\n"),
    "sentences": _times("!a"),
}
OTHERS: Final = {
    "unknown words of three letters": _words(3),
    "unknown words of five letters": _words(5),
    "Tamil words": _words(5, "கஙசஞடணதநபமயரலவழளறன"),
    "capitalised words": _words(6).title(),
    "one word": _words(LONGEST - 1),
    "one letter": _times("a"),
    "initials": _times("a."),
    "hyphens": _times("x-"),
    "spaces inside": "x" + " " * 4000 + "ray",
    "commas": _times(","),
    "combining signs": _times("a\u0301"),
    "signs that unfold": _times("\u0344"),
    "fractions": _times("½"),
    "doses": _times("1 mg/kg "),
    "hours": _times("1 am "),
    "numbers": _times("1-2.3/4 "),
    "addresses": _times("@"),
    "domains": _times("a@" + "b." * 30),
    "links": _times("www."),
    "wildcards": _times("%_"),
    "markup": _times("<b>"),
    "signs of danger": _times("chest pain "),
    "findings": _times("left right nodule "),
    "denials": _times("no "),
    "half nasals": _times("न्म्"),
    "right to left": _times("\u202e\u2066"),
    "pictures": _times("👨‍👩‍👧‍👦"),
    "leet": _times("4@8({[<3691!|10$5+7%2"),
    "joined pictures": _times("👩\u200d❤\ufe0f\u200d💋\u200d"),
    "different pictures": "".join(chr(0x1F300 + number % 700) for number in range(LONGEST)),
    "many marks": _times("a" + "\u0300\u0301\u0302\u0303" * 10),
    "full width": _times("ｃｈｅｓｔ　ｐａｉｎ １２３，"),
    "parts of Hangul": _times("\u1100\u1161\u11a8"),
    "Tamil conjuncts": _times("க்ஷ்"),
    "Hindi conjuncts": _times("क्ष्"),
    "words of two letters": " ".join(one + two for one in string.ascii_lowercase for two in string.ascii_lowercase),
    "long words": _words(60, string.ascii_lowercase + "கசடதபற"),
    "medicines": _times("paracetmol 500 mg amoxicilin 1-0-1 x 2 wks max 1/day review "),
}


class Lag:
    """CPU time, in seconds, of the loop's longest turn, in which it served nobody else."""

    def __init__(self) -> None:
        self.longest = 0.0


@contextmanager
def measured_hold() -> Iterator[Lag]:
    """Measure the CPU time of each turn of the loop: a busy machine and other threads do not count."""
    lag, turn = Lag(), BaseEventLoop._run_once

    def measured(loop: BaseEventLoop) -> None:
        before = thread_time()
        turn(loop)
        lag.longest = max(lag.longest, thread_time() - before)

    with patch.object(BaseEventLoop, "_run_once", measured):
        yield lag
