"""`csss report preview`, as somebody at a terminal meets it."""

import asyncio
from pathlib import Path

import pytest
from paper import pages
from sqlalchemy import select
from typer.testing import CliRunner, Result

from bot.cli.report import app
from models.tables.audit import AuditRow
from models.tables.scans import Status
from tests.support.people import House
from tests.support.steps import a_scan


@pytest.mark.parametrize(("lang", "mark"), [("en", "DRAFT"), ("hi", "SAMPLE-2026-0007")])
def test_a_preview_is_a_draft_in_the_language_asked_for(tmp_path, lang, mark):
    output = tmp_path / "out.pdf"
    result = CliRunner().invoke(app, ["preview", "--sample", "--full", "--lang", lang, "-o", str(output)])

    assert result.exit_code == 0, result.output
    assert mark in pages(output.read_bytes())[0]


def test_an_unknown_language_is_answered_with_the_known_ones(tmp_path):
    result = CliRunner().invoke(app, ["preview", "--sample", "--lang", "xx", "-o", str(tmp_path / "out.pdf")])

    assert result.exit_code == 2
    assert "en, ta, hi" in result.output


def test_a_preview_of_nothing_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["preview", "-o", str(tmp_path / "out.pdf")])

    assert result.exit_code == 2
    assert not (tmp_path / "out.pdf").exists()


@pytest.mark.parametrize("more", [["--lang", "ta"], ["--uncertain"], ["--full"]])
def test_what_only_a_sample_can_be_is_not_passed_over_for_a_scan(tmp_path, more):
    result = CliRunner().invoke(app, ["preview", "3", *more, "-o", str(tmp_path / "out.pdf")])

    assert result.exit_code == 2
    assert "for the sample" in result.output


async def previewed(house: House, scan: int, output: Path, **more: str) -> Result:
    """By somebody who sits at the clinic's machine while the bot works."""
    env = {"CSSS_BOT_TOKEN": "42:SANDBOX-test", "CSSS_DATA": str(house.app.settings.data), **more}
    return await asyncio.to_thread(CliRunner().invoke, app, ["preview", str(scan), "-o", str(output)], env=env)


async def test_a_scan_of_the_clinic_is_drawn_as_it_stands_and_the_look_is_recorded(house: House, tmp_path: Path):
    """Marked on every page, in the patient's language; the record knows of it and stays whole."""
    scan, output = await a_scan(house, Status.PHARMACIST_COMPLETED), tmp_path / "out.pdf"
    result = await previewed(house, scan, output)

    assert result.exit_code == 0, result.output
    sheets = pages(output.read_bytes())
    assert all("Version 1 · Preliminary" in sheet for sheet in sheets)
    assert any("Paracetamol 500 mg" in sheet and "Amina Yusuf" in sheet for sheet in sheets)
    looked = select(AuditRow.act, AuditRow.source).where(AuditRow.object_id == str(scan))
    async with house.app.clinic.sessions() as session:
        assert ("look:preliminary", "command line") in {tuple(row) for row in await session.execute(looked)}


async def test_a_scan_that_cannot_be_drawn_is_refused_in_one_sentence(house: House, tmp_path: Path):
    """Not there, not analysed, nowhere to put it: no traceback, no file and no word of anybody's health."""
    fresh, read = await a_scan(house, Status.PENDING_AI), await a_scan(house, Status.AI_ANALYZED)
    cases = {
        "there is no scan 999": (999, tmp_path / "a.pdf", {}),
        "not been analysed yet": (fresh, tmp_path / "b.pdf", {}),
        "cannot be written": (read, tmp_path / "nowhere" / "c.pdf", {}),
        "csss db upgrade": (read, tmp_path / "d.pdf", {"CSSS_DATA": str(tmp_path / "empty")}),
    }
    for sentence, (scan, output, more) in cases.items():
        result = await previewed(house, scan, output, **more)
        assert (result.exit_code, sentence in result.output) == (1, True), result.output
        assert isinstance(result.exception, SystemExit)
        assert not output.exists()
