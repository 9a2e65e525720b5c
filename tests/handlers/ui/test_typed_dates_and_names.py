"""Birth dates and names as people type them."""

from datetime import date

import pytest

from handlers.ui.dates import MAX_AGE, parse_birthday, parse_date
from handlers.ui.parsing import MAX_NAME, parse_name

TODAY = date(2026, 11, 29)
MAY = date(1979, 5, 12)
DATES = {
    **dict.fromkeys(
        ("12.5.79", "12/05/79", "12-5-1979", "12.05.1979", "12 5 79", "12. 5. 1979.", "12–5–1979", "12\\5\\79"), MAY
    ),
    **dict.fromkeys(
        ("1979-05-12", "1979/5/12", "1979 5 12", "12051979", "19790512", " 12.5.79 \n", "１２．５．７９"), MAY
    ),
    **dict.fromkeys(("12 May 1979", "12th of May, 1979", "May 12, 1979", "1979 May 12", "12may79", "12 May '79"), MAY),
    **dict.fromkeys(("born on 12 May 1979", "DOB: 12/05/1979", "12-MAY-79"), MAY),
    **dict.fromkeys(("12 மே 1979", "௧௨.௫.௧௯௭௯", "௧௨ மே ௧௯௭௯", "12 மே, 1979"), MAY),
    **dict.fromkeys(("१२ मई १९७९", "१२.५.७९", "१२/०५/१९७९", "12 मई 1979"), MAY),
    **dict.fromkeys(("12 April 1987", "12 ஏப்ரல் 1987", "12 ஏப். 1987", "12 अप्रैल 1987", "12 apr 87"), date(1987, 4, 12)),
    **dict.fromkeys(("12 फ़रवरी 1980", "12 फरवरी 1980", "12 பிப்ரவரி 1980", "12 Feb 80"), date(1980, 2, 12)),
    **dict.fromkeys(
        ("5 Sept 2001", "5 September 01", "5 செப்டம்பர் 2001", "5 सितम्बर 2001", "5 सितंबर 2001"), date(2001, 9, 5)
    ),
    "29.2.24": date(2024, 2, 29),
    "1.1.27": date(1927, 1, 1),
    "29.11.26": TODAY,
    "12.5.1896": date(1896, 5, 12),
}
APPROXIMATE = {
    "1979": date(1979, 1, 1),
    "१९७९": date(1979, 1, 1),
    "born in 1979": date(1979, 1, 1),
    "1896": date(1896, 1, 1),
    "May 1979": date(1979, 5, 1),
    "மே 1979": date(1979, 5, 1),
    **dict.fromkeys(("45 years", "45y", "45 Yrs", "age 45 years", "45 years old"), date(1981, 11, 29)),
    **dict.fromkeys(("45 வயது", "45 ஆண்டுகள்", "௪௫ வயது", "४५ साल", "45 वर्ष"), date(1981, 11, 29)),
    "6 months": date(2026, 5, 29),
    "9 மாதம்": date(2026, 2, 28),
    "9 महीने": date(2026, 2, 28),
    "2 years 6 months": date(2024, 5, 29),
    "10 days": date(2026, 11, 19),
    "3 weeks": date(2026, 11, 8),
    "130 years": date(1896, 11, 29),
}
REFUSED = (
    *(
        "",
        " ",
        "tomorrow",
        "I do not know",
        "no",
        "45",
        "7",
        "31.2.1990",
        "29.2.25",
        "0.5.1979",
        "12.0.1979",
        "1.13.1980",
    ),
    *("1.1.1800", "1.1.2999", "30.11.2026", "1895", "2027", "0000", "1.1.0001", "31.12.9999", "131 years", "999 years"),
    *("12.1985", "12.5.179", "12.5.19790", "12.5.79 13.5.79", "12 Juin 1979", "12 Ma 1979", "May", "May May 1979"),
    *("45 45 years", "45 years 3 years", "years 45", "-", "/start", "²²²²²", "9" * 5000, "1." * 3000, "१" * 61, None),
)


@pytest.mark.parametrize(("typed", "meant"), (DATES | APPROXIMATE).items())
def test_a_birth_date_is_read_as_people_type_it(typed: str, meant: date) -> None:
    assert parse_birthday(typed, TODAY) == meant


@pytest.mark.parametrize(("typed", "meant"), DATES.items())
def test_a_whole_date_is_read_wherever_one_is_typed(typed: str, meant: date) -> None:
    assert parse_date(typed, TODAY) == meant


@pytest.mark.parametrize("typed", REFUSED)
def test_what_is_no_birth_date_is_refused(typed: str | None) -> None:
    assert parse_birthday(typed, TODAY) is None


def test_no_typed_figures_overflow() -> None:
    """Every date that is read leaves room for arithmetic."""
    for year in ("0001", "1896", "9998", "9999", "00", "99"):
        for day, month in (("31", "12"), ("1", "1"), ("99", "99")):
            for typed in (f"{day}.{month}.{year}", f"{year}-{month}-{day}", f"{day} Dec {year}", f"{year} years"):
                for found in (parse_date(typed, TODAY), parse_birthday(typed, TODAY)):
                    assert found is None or TODAY.year - MAX_AGE <= found.year <= TODAY.year


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ravi \n Kumar ", "Ravi Kumar"),
        ("D'Souza-Nair, K.R.", "D'Souza-Nair, K.R."),
        ("S/o Murugan", "S/o Murugan"),
        ("செல்வி முருகன்", "செல்வி முருகன்"),
        ("लक्ष्मी देवी", "लक्ष्मी देवी"),
        ("क्\u200dष", "क्\u200dष"),
        ("Zoë Łukasz", "Zoë Łukasz"),
        ("李 小龙", "李 小龙"),
        ("Ravi\u202e rumaK", "Ravi rumaK"),
        ("\u2066Ra\u0000vi\u2069 \ufeffK\u200bumar\u0007", "Ravi Kumar"),
        *((bad, None) for bad in ("R", "", "..", "12", "Ravi 2", "Ravi😀", "<b>Ravi</b>", "ravi@example.org", "/me")),
        *((bad, None) for bad in ("a" * (MAX_NAME + 1), "\u200d\u200d", "\u0301\u0301", "\u202e", "Ravi=1", None)),
    ],
)
def test_a_name_keeps_to_letters_of_any_script(typed: str | None, kept: str | None) -> None:
    assert parse_name(typed) == kept
