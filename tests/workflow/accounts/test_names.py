"""Names of one sound are similar in three scripts and misspelt; other names are not."""

import pytest

from workflow.accounts.names import SIMILAR, similarity

SAME = """
Amina=அமீனா Amina=अमीना Amna=Amina Aminah=Amina Ami=Amina Lakshmi=லட்சுமி Lakshmi=लक्ष्मी Laxmi=Lakshmi Muthu=முத்து
Kumar=குமார் குமார்=कुमार Sentil=செந்தில் Priya=பிரியா Priya=प्रिया Muhammad=Mohammed முகமது=Mohammed मोहम्मद=Mohammed
Yousef=Yusuf Yusuf=யூசுப் Yusuf=यूसुफ़ ராஜேஷ்=राजेश Meenakshi=மீனாட்சி Minakshi=मीनाक्षी Gopal=கோபால் Deepa=தீபா Selvi=செல்வி
Bhaskar=பாஸ்கர் भास्कर=Baskaran Subramaniam=சுப்பிரமணியம் Sharma=शर्मा
"""
OTHER = "Amina=Kumar Priya=Rajesh Gopal=Deepa Lakshmi=Muthu Yusuf=Senthil Selvi=Anita Kavitha=Savitri Ravi=Selvi"


@pytest.mark.parametrize("pair", SAME.split())
def test_one_name_in_another_script_or_spelling(pair: str) -> None:
    typed, known = pair.split("=")
    assert similarity(typed, f"{known} Natarajan") >= SIMILAR
    assert similarity(known, typed) >= SIMILAR or len(typed) == 3


@pytest.mark.parametrize("pair", OTHER.split())
def test_other_names(pair: str) -> None:
    assert similarity(*pair.split("=")) < SIMILAR


def test_signs_alone_are_like_nothing() -> None:
    assert similarity("?! …", "Amina") == 0
