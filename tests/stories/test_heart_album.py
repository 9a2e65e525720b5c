"""The slices of one heart, from the patient's album to the doctor's card and the report's draft.

The hearts are drawn, so the gate of these clinics lets through what the shipped one would call no scan."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import Engines
from bot.dev.sandbox.client.transcript import Message
from bot.jobs.issue_report import build_draft
from inference.model.bundle import Bundle, QualityLevels
from inference.model.classifier import Classifier
from models.tables.scans import AiFinding, Scan
from models.vocabulary import Modality
from tests.support.hearts import draw_chest
from tests.support.people import Clinic, eventually, open_clinic
from tests.support.steps import scan_row, sentence_for

REST, SQUEEZE, WALL = 40, 37, 10  # a thin wall and hardly a squeeze: far from the normal patients
LEVELS = (0, 2, 3, 5)
SHEET = (512, 1024)  # two rows of four slices


def slice_file(level: int, cavity: int) -> bytes:
    return cv2.imencode(".jpg", draw_chest(level, cavity, WALL) // 2)[1].tobytes()


ALBUM = [slice_file(level, cavity) for level in LEVELS for cavity in (REST, SQUEEZE)]


def size_of(picture: bytes) -> tuple[int, ...]:
    """Height and width in pixels."""
    return np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)).shape


def admit_drawings(bundle: Bundle) -> Bundle:
    open_gate = replace(bundle.thresholds, distance=2.0, far=2.0, neither=1.0, condition=1.1)
    return replace(bundle, thresholds=open_gate, chest=None)


@pytest.fixture
async def hearts(engines: Engines) -> AsyncIterator[Clinic]:
    """A clinic where drawn slices are scans of good quality."""
    bundle = admit_drawings(engines.classifier.bundle)
    refuse = bundle.limits[Modality.CARDIAC_MRI].refuse
    good = replace(bundle, limits={**bundle.limits, Modality.CARDIAC_MRI: QualityLevels(refuse, refuse)})
    async with open_clinic(engines._replace(classifier=Classifier(good))) as opened:
        yield opened


async def analysed_album(clinic: Clinic, files: list[bytes]) -> tuple[Message, AiFinding]:
    """The doctor's card and the finding of one slice of the album."""
    await (clinic.amina.sends_album(files) if len(files) > 1 else clinic.amina.sends_photo(files[0]))

    async def arrived(session: AsyncSession) -> bool:
        return await session.scalar(select(func.count()).select_from(Scan)) == len(files)

    await eventually(clinic.app.services.sessions, arrived)
    await clinic.rao.sees(f"Scan #{len(files)}")
    card = await clinic.analyses()
    finding = (await scan_row(clinic, int(card.text.split("#")[1].split()[0].strip("·:,")))).finding
    assert finding is not None
    return card, finding


@pytest.mark.slow
async def test_an_album_with_both_phases_may_be_sure_and_shows_outlines_and_measures(hearts: Clinic) -> None:
    """Eight slices, one reading: its figures beside the usual ones, and a sheet of outlined slices behind a button."""
    card, finding = await analysed_album(hearts, ALBUM)

    assert (finding.model, finding.label, finding.uncertain, finding.slices) == ("heart", "Sick", False, 8)
    assert finding.heart is not None
    assert finding.heart["phases"] == "both"
    assert len(finding.heart["measures"]) == 11
    assert "Uncertain" not in card.text
    assert "8 slices of this heart" in card.text
    assert "Left ventricle, squeeze to rest" in card.text
    assert "usual 0.33–0.50" in card.text
    assert "heart 1.0.0" in card.text
    assert "COVID" not in card.text

    assert "🫀 Outlines" in card.buttons
    document = await build_draft(hearts.app.services, finding.scan_id)
    assert document.assistance is not None
    assert document.assistance.heatmap is None
    assert document.assistance.outlines is not None
    assert size_of(document.assistance.outlines) == SHEET
    await hearts.rao.presses("🫀 Outlines", on=f"#{finding.scan_id}")
    async with asyncio.timeout(30):
        while size_of(await card.download()) != SHEET:
            card = await hearts.rao.sees("Left ventricle, squeeze to rest")


@pytest.mark.slow
async def test_one_slice_of_the_same_heart_stays_uncertain(hearts: Clinic) -> None:
    """The card says what to ask for: the whole series, both phases."""
    card, finding = await analysed_album(hearts, ALBUM[:1])
    assert finding.uncertain
    assert "one_slice" in finding.doubts
    assert "Uncertain" in card.text
    assert sentence_for(hearts, "doubt.one_slice") in card.text


@pytest.mark.slow
async def test_a_slice_of_poor_quality_makes_the_whole_album_uncertain(engines: Engines) -> None:
    """A doubt of the gate decides; the drawn slices are poorer than any training scan."""
    classifier = Classifier(admit_drawings(engines.classifier.bundle))
    async with open_clinic(engines._replace(classifier=classifier)) as clinic:
        card, finding = await analysed_album(clinic, ALBUM)
    assert (finding.label, finding.uncertain, finding.doubts) == ("Sick", True, ["poor_image"])
    assert "Uncertain" in card.text
