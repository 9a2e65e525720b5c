"""`csss report verify` needs no clinic and leaves no trace on the disk."""

from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from typer.testing import CliRunner

from bot.__main__ import app


@pytest.mark.parametrize("data", [None, "elsewhere"])
def test_it_writes_nothing_needs_no_settings_and_says_whom_it_trusts(
    data: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.pdf").write_bytes(_unsigned())
    environment = {"CSSS_DATA": data} if data else {}
    result = CliRunner().invoke(app, ["report", "verify", "report.pdf"], env=environment)
    assert result.exit_code == 1
    assert "This report is not to be trusted." in result.output
    assert "No authority is known here" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["report.pdf"]


def test_a_certificate_that_is_none_is_named_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.pdf").write_bytes(_unsigned())
    result = CliRunner().invoke(app, ["report", "verify", "report.pdf", "--authority", "report.pdf"])
    assert result.exit_code == 1
    assert "must be a PEM file" in result.output


def _unsigned() -> bytes:
    file = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(file)
    return file.getvalue()
