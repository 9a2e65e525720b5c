"""Dates as people type them: figures in any script, month names in the chat's languages, a year, an age.

Every reading is bounded: a date lies between `MAX_AGE` years ago and the end of this year, so that arithmetic with it
cannot overflow."""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Final
from unicodedata import normalize

from babel import Locale

from handlers.ui.texts import LANGUAGES

MAX_AGE: Final = 130  # years
MAX_TYPED: Final = 60  # characters
_TOKEN: Final = re.compile(r"\d+|[^\d\s.,/\\|:()'’‐-―\-]+")
_IGNORED_MARKS: Final = dict.fromkeys(map(ord, "\u093c\u200c\u200d"))  # nukta and joiners, which few people type
_FILLERS: Final = re.compile("st|nd|rd|th|of|the|born|on|in|dob|age|aged|old|ago|வது|ஆம்|அன்று|को|का|की")
_SPELLINGS: Final = {  # beside those of the CLDR
    "फरवरी": 2,
    "सितम्बर": 9,
    "अक्टूबर": 10,
    "नवम्बर": 11,
    "दिसम्बर": 12,
    "सप्टेंबर": 9,
    "சனவரி": 1,
    "பெப்ரவரி": 2,
    "ஏப்பிரல்": 4,
    "யூன்": 6,
    "யூலை": 7,
    "ஆகத்து": 8,
    "ஒக்டோபர்": 10,
    "sept": 9,
}
_UNITS: Final = {
    "years": "y yr yrs year years வயது வருடம் வருடங்கள் ஆண்டு ஆண்டுகள் साल वर्ष बरस",
    "months": "month months mo மாதம் மாதங்கள் महीना महीने माह मास",
    "weeks": "week weeks வாரம் வாரங்கள் हफ्ता हफ्ते सप्ताह",
    "days": "day days நாள் நாட்கள் दिन",
}


def parse_date(typed: str | None, today: date) -> date | None:
    """A whole date: day, month, year or year, month, day, the month in figures or by name; None when it is none."""
    tokens = _tokens(typed)
    numbers = [one for one in tokens if one.isdecimal()]
    months = [_months().get(one) for one in tokens if not one.isdecimal()]
    match numbers, months:
        case [first, second, third], []:
            parts = (first, second, third) if _is_year(first) else (third, second, first)
        case [first, second], [int(month)]:
            parts = (first, str(month), second) if _is_year(first) else (second, str(month), first)
        case [whole], [] if len(whole) == 8:
            return _date(whole[4:], whole[2:4], whole[:2], today) or _date(whole[:4], whole[4:6], whole[6:], today)
        case _:
            return None
    return _date(*parts, today)


def parse_birthday(typed: str | None, today: date) -> date | None:
    """A birth date from a whole date, a year (its first day), month and year (its first day), or an age.

    None when it is none of these, in the future, or above `MAX_AGE` years ago."""
    tokens = _tokens(typed)
    born = parse_date(typed, today) or _born_in(tokens, today) or _born_before(tokens, today)
    return born if born is not None and born <= today else None


def is_estimate(typed: str | None, today: date) -> bool:
    """Whether a birth date from this text is counted from an age or a year alone, so may be wrong by up to a year."""
    return parse_date(typed, today) is None


def _tokens(typed: str | None) -> Sequence[str]:
    """Figures and words in lower case, without fillers; nothing for a text above `MAX_TYPED`."""
    if typed is None or len(typed) > MAX_TYPED:
        return []
    return [one for one in _TOKEN.findall(_plain(typed)) if not _FILLERS.fullmatch(one)]


def _plain(text: str) -> str:
    return normalize("NFKC", normalize("NFKD", text).translate(_IGNORED_MARKS)).casefold()


def _is_year(number: str) -> bool:
    return len(number) == 4 or (len(number) < 4 and int(number) > 31)


def _date(year: str, month: str, day: str, today: date) -> date | None:
    """The date of these figures; a year of two figures is the last one that has begun."""
    if len(year) not in {2, 4} or len(month) > 2 or len(day) > 2:
        return None
    written = int(year)
    if len(year) == 2:
        written += today.year // 100 * 100
        written -= 100 if written > today.year else 0
    try:
        found = date(written, int(month), int(day))
    except ValueError:
        return None
    return found if today.year - MAX_AGE <= written <= today.year else None


def _born_in(tokens: Sequence[str], today: date) -> date | None:
    match tokens:
        case [year] if year.isdecimal() and len(year) == 4:
            return _date(year, "1", "1", today)
        case [month, year] if (number := _months().get(month)) and year.isdecimal() and len(year) == 4:
            return _date(year, str(number), "1", today)
    return None


def _born_before(tokens: Sequence[str], today: date) -> date | None:
    """The birth date of an age such as 45 years, 2 years 6 months or 10 days, counted from today."""
    counts: dict[str, int] = {}
    for number, word in zip(tokens[::2], tokens[1::2], strict=False):
        unit = _units().get(word)
        if unit is None or unit in counts or not number.isdecimal() or len(number) > 3:
            return None
        counts[unit] = int(number)
    if not counts or len(tokens) % 2:
        return None
    months = counts.get("years", 0) * 12 + counts.get("months", 0)
    if months > MAX_AGE * 12:
        return None
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    born = date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
    return born - timedelta(weeks=counts.get("weeks", 0), days=counts.get("days", 0))


@cache
def _months() -> Mapping[str, int]:
    """Every name of a month, and every beginning of at least three signs that no other month shares."""
    names = {_plain(name): number for name, number in _SPELLINGS.items()}
    for language in LANGUAGES:
        for width in ("wide", "abbreviated"):
            months = Locale(language).months["format"][width]
            names |= {_plain(name).rstrip("."): number for number, name in months.items()}
    found: dict[str, set[int]] = {}
    for name, number in names.items():
        for end in range(3, len(name)):
            found.setdefault(name[:end], set()).add(number)
    return {short: min(numbers) for short, numbers in found.items() if len(numbers) == 1} | names


@cache
def _units() -> Mapping[str, str]:
    return {_plain(word): unit for unit, words in _UNITS.items() for word in words.split()}
