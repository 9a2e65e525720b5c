"""`csss report preview` in a terminal."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from bot.__main__ import app
from models.tables.audit import AuditRow
from models.vocabulary import ScanStatus
from tests.support.pdf import pages
from tests.support.people import Clinic
from tests.support.steps import a_scan
from tests.support.template import environment


@pytest.mark.parametrize(("lang", "mark"), [("en", "DRAFT"), ("hi", "SAMPLE-2026-0007")])
def test_a_preview_is_a_draft_in_the_language_asked_for(tmp_path, lang, mark):
    output = tmp_path / "out.pdf"
    result = CliRunner().invoke(app, ["report", "preview", "--sample", "--full", "--lang", lang, "-o", str(output)])

    assert result.exit_code == 0, result.output
    assert mark in pages(output.read_bytes())[0]


def test_an_unknown_language_is_answered_with_the_known_ones(tmp_path):
    result = CliRunner().invoke(app, ["report", "preview", "--sample", "--lang", "xx", "-o", str(tmp_path / "out.pdf")])

    assert result.exit_code == 2
    assert "en, ta, hi" in result.output


def test_a_preview_of_nothing_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["report", "preview", "-o", str(tmp_path / "out.pdf")])

    assert result.exit_code == 2
    assert not (tmp_path / "out.pdf").exists()


@pytest.mark.parametrize("more", [["--lang", "ta"], ["--uncertain"], ["--full"]])
def test_what_only_a_sample_can_be_is_not_passed_over_for_a_scan(tmp_path, more):
    result = CliRunner().invoke(app, ["report", "preview", "3", *more, "-o", str(tmp_path / "out.pdf")])

    assert result.exit_code == 2
    assert "for the sample" in result.output


async def previewed(clinic: Clinic, scan: int, output: Path, **more: str) -> Result:
    """Run by an operator on the hospital's machine while the bot runs."""
    env = environment(clinic.app.settings) | more
    return await asyncio.to_thread(
        CliRunner().invoke, app, ["report", "preview", str(scan), "-o", str(output)], env=env
    )


@pytest.mark.slow
async def test_a_scan_of_the_clinic_is_drawn_as_it_stands_and_the_look_is_recorded(clinic: Clinic, tmp_path: Path):
    """Marked on every page, in the patient's language; the view is recorded and the audit chain stays valid."""
    scan, output = await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED), tmp_path / "out.pdf"
    result = await previewed(clinic, scan, output)

    assert result.exit_code == 0, result.output
    sheets = pages(output.read_bytes())
    assert all("Version 1 · Preliminary" in sheet for sheet in sheets)
    assert any("Paracetamol 500 mg" in sheet and "Amina Yusuf" in sheet for sheet in sheets)
    accesses = select(AuditRow.act, AuditRow.source).where(AuditRow.object_id == str(scan))
    async with clinic.app.services.sessions() as session:
        assert ("look:preliminary", "command line") in {tuple(row) for row in await session.execute(accesses)}


@pytest.mark.slow
async def test_a_scan_that_cannot_be_drawn_is_refused_in_one_sentence(clinic: Clinic, tmp_path: Path):
    """Missing, not analysed, no place to write: no traceback, no file and no health data."""
    fresh, read = await a_scan(clinic, ScanStatus.PENDING_AI), await a_scan(clinic, ScanStatus.AI_ANALYZED)
    cases = {
        "there is no scan 999": (999, tmp_path / "a.pdf", {}),
        "not been analysed yet": (fresh, tmp_path / "b.pdf", {}),
        "cannot be read or written": (read, tmp_path / "nowhere" / "c.pdf", {}),
        "csss db upgrade": (read, tmp_path / "d.pdf", {"CSSS_DATA": str(tmp_path / "empty")}),
    }
    for sentence, (scan, output, more) in cases.items():
        result = await previewed(clinic, scan, output, **more)
        assert (result.exit_code, sentence in result.output) == (1, True), result.output
        assert isinstance(result.exception, SystemExit)
        assert not output.exists()
