"""The claim slip: one page whose picture is the link, in three languages, without a name."""

import subprocess
from datetime import date

import cv2
import numpy as np
import pytest

from models.vocabulary import Language
from reports.content.document import Hospital
from reports.content.slip import ClaimSlip
from reports.pdf.render import render_slip
from tests.support.account_steps import read_code
from tests.support.pdf import pages

LINK = "https://t.me/csss_demo_bot?start=claim_abcdefghijklmnopqrstuv"


@pytest.mark.slow
@pytest.mark.needs("pdftoppm")
@pytest.mark.parametrize("language", list(Language))
def test_a_telephone_reads_the_link_off_the_printed_page(language: Language) -> None:
    hospital = Hospital(name="Demo Hospital", contact="+91 44 2345 6789")
    slip = ClaimSlip(hospital=hospital, language=language, number="P000012", link=LINK, expires=date(2026, 12, 29))
    pdf = render_slip(slip)
    [page] = pages(pdf)
    assert all(one in page for one in ("Demo Hospital", "+91 44 2345 6789", "P000012", "29", "2026"))
    png = subprocess.run(
        ["pdftoppm", "-r", "100", "-gray", "-png", "-"], input=pdf, capture_output=True, check=True
    ).stdout
    assert read_code(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)) == LINK
