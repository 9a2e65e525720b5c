"""A code is read as people type it; what is obviously none spends no try."""

import pytest

from workflow.accounts.codes import typed_digits


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("12-34-56", "123456"),
        ("123–456.", "123456"),
        ("௧௨௩௪௫௬", "123456"),
        ("१२३ ४५६", "123456"),
        ("١٢٣٤٥٦", "123456"),
        ("my code is 123456 thanks", "123456"),
        ("Code for scan 7: 123456", "123456"),
        ("OTP எண் 123456", "123456"),
        ("मेरा कोड १२३४५६ है", "123456"),
        ("it says 12 34 and then 56", "123456"),
        ("12345", "12345"),
        ("123456 or 654321", "123456654321"),
    ],
)
def test_the_digits_of_a_code(typed: str, code: str) -> None:
    assert typed_digits(typed, 6) == code


def test_a_code_of_eight_digits() -> None:
    assert typed_digits("1234-5678, sent at 9", 8) == "12345678"
