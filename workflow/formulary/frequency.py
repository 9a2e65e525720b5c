"""How often and how long: times per day, need, days."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from workflow.formulary.draft import NUMBER, Draft, phrases, vocabulary
from workflow.formulary.load import Formulary
from workflow.formulary.text import FRACTION

DAYS: Final = {"d": 1, "w": 7, "m": 30, "y": 365, "f": 14}
MOST_DAYS: Final = 3660  # ten years; more is a slip of the pen
MOST_IN_A_PATTERN: Final = 60  # units of insulin; larger numbers are a date or a strength

_PART: Final = rf"({NUMBER}|x)"
_JOIN: Final = r"\s*[-+]{1,2}\s*"
_PATTERN: Final = re.compile(
    rf"(?<![\d./+-]){_PART}{_JOIN}{_PART}{_JOIN}{_PART}(?:{_JOIN}{_PART})?(?![\d./]|\s*-\s*\d)"
)
_HOURS: Final = r"(?:hourly|hrly|hours?|hrs?|h)\b"
_EVERY: Final = re.compile(
    rf"\b(?:every|each|q|per)\s*(\d+)(?:\s*(?:-|to)\s*(\d+))?\s*(?:th)?\s*-?{_HOURS}"
    rf"|\b(\d+)(?:\s*(?:-|to)\s*(\d+))?\s*(?:th)?\s*-?(?:hourly|hrly)\b"
)
_COUNTED: Final = re.compile(
    r"(?<![\d./])(\d{1,2})\s*-?\s*(?:x|times?)\s*(?:(?:a|per|in\s+a|in\s+1|in\s+the|each|every|/)?\s*day|daily)\b"
)
_REVIEW: Final = re.compile(
    r"\b(?:review|follow[- ]?up|f/u|recheck|repeat|come back|r/v|rev)\b[^¦]*?"
    r"(?:\d+\s*(?:d|days?|w|wks?|weeks?|months?)\b|$)"
)
_MOST: Final = re.compile(
    r"\b(?:max(?:imum)?|not more than|upto|up to)\b\.?\s*(?:of\s*)?\d+[^¦,;]*?(?:/|per|a|in)\s*(?:day|24\s*h\w*|d\b)"
)
_UNIT: Final = r"(d|days?|w|wks?|weeks?|mo|mths?|months?|y|yrs?|years?)"
_LONG: Final = re.compile(
    rf"(?:\b(?:x|for|upto|up to)\s*|(?<![\w.]))(\d+)(?:\s*(?:-|to)\s*(\d+))?\s*-?\s*{_UNIT}\b|"
    rf"\b(?:x|for)\s*(?:a|1)\s*{_UNIT}\b|\bx?\s*(?:1\s*)?(fortnight)\b"
)
_NOTED: Final = re.compile(r"(?:\bx\s*|\bfor\s*|(?<![\d./\w]))(\d{1,2})/(7|52|12)(?![\d./])")
_BARE: Final = re.compile(r"\bx\s*(\d{1,3})\b(?!\s*[./\d]|\s*(?:mg|ml|g|mcg|tab|cap|puff|drop|times|nos|strip))")
_DOSE: Final = re.compile(rf"{NUMBER}\s*(?:mg|mcg|g|ml|tabs?|puffs?)\b")
_NOTATION: Final = {"7": (1, 31), "52": (7, 26), "12": (30, 12)}


class Times(NamedTuple):
    """How often. `pattern`: what is taken each time, when it is written as 1-0-1."""

    per_day: float | None
    as_needed: bool
    pattern: tuple[float, ...] = ()
    statements: int = 0


def read_times(draft: Draft, formulary: Formulary) -> Times:
    """Take out how often. Two statements that differ are a doubt, and then nothing is stated."""
    draft.take(_MOST)
    needed = bool(draft.take(phrases(formulary, "needed", "words")))
    pattern, found = _read_pattern(draft)
    found += [_by_hours(match) for match in draft.take(_EVERY)]
    found += [float(match.group(1)) for match in draft.take(_COUNTED)]
    found += [float(meaning) for meaning in draft.take_words(vocabulary(formulary, "frequency"))]
    parts_of_day = set(draft.take_words(vocabulary(formulary, "times")))
    daily = bool(draft.take(re.compile(r"\b(?:daily|every ?day|per day|a day|/day)\b")))
    statements = len(found)
    if not found and parts_of_day:
        found = [float(len(parts_of_day))]
    elif not found and daily:
        found = [1.0]
    elif parts_of_day and len(parts_of_day) > max(found):
        draft.doubtful = True
    if _differ(found):
        draft.doubtful = True
        return Times(None, needed, pattern, statements)
    return Times(found[0] if found else None, needed, pattern, statements)


def _differ(found: Iterable[float]) -> bool:
    return len({round(times, 3) for times in found}) > 1


def _by_hours(match: re.Match[str]) -> float:
    """The shorter interval of a range: the larger amount."""
    hours = [int(group) for group in match.groups() if group]
    return 24 / max(min(hours), 1)


def _read_pattern(draft: Draft) -> tuple[tuple[float, ...], list[float]]:
    matches = [match for match in _PATTERN.finditer(draft.text) if _is_pattern(match)]
    if not matches:
        return (), []
    for match in matches:
        draft.text = draft.text.replace(match.group(0), " ¦ ", 1)
    patterns = [_numbers(match) for match in matches]
    if len(set(patterns)) > 1:
        draft.doubtful = True
    taken = tuple(part for part in patterns[0] if part)
    return taken, [float(len(taken))] if taken else []


def _is_pattern(match: re.Match[str]) -> bool:
    numbers = _numbers(match)
    regular = 0 in numbers or len(set(numbers)) == 1
    of_insulin = re.match(r"\s*(?:u|iu|units?)\b", match.string[match.end() :]) is not None
    return max(numbers) <= MOST_IN_A_PATTERN and any(numbers) and (regular or of_insulin)


def _numbers(match: re.Match[str]) -> tuple[float, ...]:
    return tuple(0.0 if part == "x" else float(part.rstrip(FRACTION)) for part in match.groups() if part)


def read_days(draft: Draft) -> int | None:
    """Take out how long, in days: 5 d, x 1 week, 5/7, 2/52, 1/12. Two that differ, or above MOST_DAYS, are a doubt.

    Steps of a taper, each with its dose, are added up.
    """
    draft.take(_REVIEW)
    doses = len(_DOSE.findall(draft.text))
    found = [_long(match) for match in draft.take(_LONG)]
    for match in list(_NOTED.finditer(draft.text)):
        length, most = _NOTATION[match.group(2)]
        if int(match.group(1)) <= most:
            draft.text = draft.text.replace(match.group(0), " ¦ ", 1)
            found.append(int(match.group(1)) * length)
    found += [int(match.group(1)) for match in draft.take(_BARE)]
    if any(days > MOST_DAYS for days in found):
        draft.doubtful = True
        return None
    if 1 < len(found) <= doses:
        draft.doubtful = True
        return sum(found)
    if len(set(found)) > 1:
        draft.doubtful = True
        return None
    return found[0] if found else None


def _long(match: re.Match[str]) -> int:
    first, second, unit, of_one, fortnight = match.groups()
    if fortnight or of_one:
        return DAYS["f" if fortnight else of_one[0]]
    return int(second or first) * DAYS[unit[0]]
