"""Promise 4: a picture that is no scan, or too poor to read, is never labelled, and the patient learns the reason."""

import csv
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from inference.errors import Reason
from models.tables.jobs import Job
from models.tables.scans import AiFinding, Scan, ScanEvent
from models.vocabulary import ScanStatus
from tests.support.people import Clinic
from tests.support.steps import a_scan, rows, scan_row

FOREIGN = Path(__file__).parents[3] / "shared" / "data"
OF_EACH_KIND = 2


async def test_pictures_that_no_doctor_could_read_are_refused_in_words(clinic: Clinic) -> None:
    """Paper, noise, darkness, blur: one message with advice for each, no scan, no file, no job."""
    await clinic.amina.sends("/start")
    await clinic.amina.sees("Hello")
    for name, picture in _poor(clinic.picture).items():
        await clinic.amina.sends_file(picture, f"{name}.jpg", "image/jpeg")
        reply = await clinic.amina.sees("")
        assert reply.text in _refusals(clinic), name
        assert "lease" in reply.text, "it says what to do"
    await _nothing_is_kept(clinic)


@pytest.mark.slow
async def test_foreign_pictures_are_refused(clinic: Clinic) -> None:
    """Two of each kind of the external collection: food, receipts, hands, heads, lateral films."""
    samples = _foreign_samples()
    if not samples:
        pytest.skip("the collection of foreign pictures (data/ood.csv) does not lie beside this project")
    await clinic.amina.sends("/start")
    await clinic.amina.sees("Hello")
    passed = []
    for kind, path in samples:
        await clinic.amina.sends_file(path.read_bytes(), path.name, "image/jpeg")
        if (await clinic.amina.sees("")).text not in _refusals(clinic):
            passed.append(kind)
    assert passed == []
    await _nothing_is_kept(clinic)


async def test_what_slipped_through_the_gate_still_gets_no_label(clinic: Clinic) -> None:
    """A receipt that an older gate accepted as a scan.

    The analysis gives no label, notifies the doctor, and leaves the scan open for "Better image".
    """
    scan = await a_scan(clinic, ScanStatus.PENDING_AI, picture=_poor(clinic.picture)["receipt"])
    await clinic.rao.presses("Analyse")
    await clinic.rao.sees("does not recognise scan")
    assert await rows(clinic, AiFinding) == []
    row = await scan_row(clinic, scan)
    assert (row.status, row.analysis_asked_at) == (ScanStatus.PENDING_AI, None)
    await clinic.rao.presses("Better image", on=f"Scan #{scan}")
    await clinic.rao.presses("This view cannot be read")
    await clinic.amina.sees("This view cannot be read")


async def _nothing_is_kept(clinic: Clinic) -> None:
    assert await rows(clinic, Scan, AiFinding, ScanEvent) == []
    assert [job for job in await rows(clinic, Job) if "show_menu" not in job] == []
    assert [path for path in clinic.app.services.vault.store.root.rglob("*") if path.is_file()] == []


def _refusals(clinic: Clinic) -> set[str]:
    texts = clinic.app.services.catalogues.of("en")
    return {texts.plain(f"upload.{reason}") for reason in Reason if texts.has(f"upload.{reason}")}


def _poor(scan: bytes) -> dict[str, bytes]:
    """Drawn here, so that the test needs no collection; the last are a real radiograph made unreadable."""
    noise = np.random.default_rng(1).integers(0, 255, (600, 600), dtype=np.uint8)
    film = Image.open(BytesIO(scan)).convert("L")
    pictures = {
        "receipt": _receipt(),
        "noise": Image.fromarray(noise),
        "sky": Image.merge("RGB", [Image.linear_gradient("L").resize((600, 600)), *_plain(120, 220)]),
        "blank": Image.new("L", (600, 600), 128),
        "dark": film.point(lambda value: value // 12),
        "bright": film.point(lambda value: min(255, 235 + value // 12)),
        "blurred": film.filter(ImageFilter.GaussianBlur(25)),
        "thumbnail": film.resize((40, 40)),
    }
    return {name: _jpeg(picture) for name, picture in pictures.items()}


def _plain(*tones: int) -> list[Image.Image]:
    return [Image.new("L", (600, 600), tone) for tone in tones]


def _receipt() -> Image.Image:
    receipt, prices = Image.new("L", (600, 1000), 245), Random(1)
    draw = ImageDraw.Draw(receipt)
    for top in range(40, 960, 28):
        draw.text((40, top), f"ITEM {prices.randrange(9999)}   {prices.randrange(99)}.{prices.randrange(10, 99)}", 20)
    return receipt


def _jpeg(picture: Image.Image) -> bytes:
    data = BytesIO()
    picture.save(data, "JPEG", quality=90)
    return data.getvalue()


def _foreign_samples() -> list[tuple[str, Path]]:
    listed = FOREIGN / "ood.csv"
    if not listed.exists():
        return []
    by_kind: dict[str, list[Path]] = {}
    with listed.open() as file:
        for row in csv.DictReader(file):
            by_kind.setdefault(row["kind"], []).append(FOREIGN / row["file"])
    draw = Random(7)
    return [
        (kind, path)
        for kind, paths in sorted(by_kind.items())
        for path in draw.sample(paths, min(OF_EACH_KIND, len(paths)))
    ]
