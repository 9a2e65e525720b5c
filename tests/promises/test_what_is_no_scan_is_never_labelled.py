"""Promise 4: what is no scan, or too poor to read, is never labelled, and the patient hears what is wrong."""

import csv
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from inference.errors import Reason
from models.tables.jobs import Job
from models.tables.scans import Finding, Scan, ScanEvent, Status
from tests.support.people import House
from tests.support.steps import a_scan, rows, scan_row

FOREIGN = Path(__file__).parents[3] / "shared" / "data"
OF_EACH_KIND = 2


async def test_pictures_that_no_doctor_could_read_are_refused_in_words(house: House) -> None:
    """Paper, noise, darkness, blur: one sentence for each that says what to do, no scan, no file, no job."""
    await house.amina.sends("/start")
    await house.amina.sees("Hello")
    for name, picture in _poor(house.picture).items():
        await house.amina.sends_file(picture, f"{name}.jpg", "image/jpeg")
        said = await house.amina.sees("")
        assert said.text in _refusals(house), name
        assert "lease" in said.text, "it says what to do"
    await _nothing_is_kept(house)


async def test_foreign_pictures_are_refused(house: House) -> None:
    """Two of each kind of the collection beside this project: food, receipts, hands, heads, lateral films."""
    samples = _foreign_samples()
    if not samples:
        pytest.skip("the collection of foreign pictures (data/ood.csv) does not lie beside this project")
    await house.amina.sends("/start")
    await house.amina.sees("Hello")
    passed = []
    for kind, path in samples:
        await house.amina.sends_file(path.read_bytes(), path.name, "image/jpeg")
        if (await house.amina.sees("")).text not in _refusals(house):
            passed.append(kind)
    assert passed == []
    await _nothing_is_kept(house)


async def test_what_slipped_through_the_gate_still_gets_no_label(house: House) -> None:
    """A receipt that became a scan, as an older gate might have let it: the analysis names no label, tells the
    doctor, and leaves the scan open for "Better image"."""
    scan = await a_scan(house, Status.PENDING_AI, picture=_poor(house.picture)["receipt"])
    await house.rao.presses("Analyse")
    await house.rao.sees("does not recognise scan")
    assert await rows(house, Finding) == []
    row = await scan_row(house, scan)
    assert (row.status, row.analysis_asked_at) == (Status.PENDING_AI, None)
    await house.rao.presses("Better image", on=f"Scan #{scan}")
    await house.rao.presses("This view cannot be read")
    await house.amina.sees("This view cannot be read")


async def _nothing_is_kept(house: House) -> None:
    assert await rows(house, Scan, Finding, ScanEvent) == []
    assert [job for job in await rows(house, Job) if "show_menu" not in job] == []
    assert [path for path in house.app.clinic.vault.root.rglob("*") if path.is_file()] == []


def _refusals(house: House) -> set[str]:
    texts = house.app.clinic.catalogues.of("en")
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
    paper, prices = Image.new("L", (600, 1000), 245), Random(1)
    draw = ImageDraw.Draw(paper)
    for top in range(40, 960, 28):
        draw.text((40, top), f"ITEM {prices.randrange(9999)}   {prices.randrange(99)}.{prices.randrange(10, 99)}", 20)
    return paper


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
