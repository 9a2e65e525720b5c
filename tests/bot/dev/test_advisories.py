"""No lock file pins a version with a known fault."""

from pathlib import Path

import pytest

from bot.dev.advisories import PIN, find_faults, main, read_advisories, read_locks


def test_no_lock_file_pins_a_version_with_a_known_fault() -> None:
    _, advisories = read_advisories()
    assert [(name, fault) for name, text in read_locks().items() for fault in find_faults(text, advisories)] == []


def test_every_lock_file_of_the_folder_is_read_and_every_pin_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {"requirements.lock", "requirements-postgres.lock"} < read_locks().keys()
    for name, text in read_locks().items():
        assert len(PIN.findall(text)) == sum(line[:1].isalnum() for line in text.splitlines()) > 0, name
    (tmp_path / "requirements-new.lock").write_text("aiohttp==3.14.0\n")
    assert main(tmp_path) == 1
    assert "requirements-new.lock: aiohttp 3.14.0 has CVE-2026-54273" in capsys.readouterr().out


def test_each_advisory_is_found_in_a_lock_one_version_older() -> None:
    reviewed, advisories = read_advisories()
    for one in advisories:
        older = f"other==1\n{one.package}==0.0.1 \\\n    --hash=sha256:00\n"
        newer = f'{one.package}=={one.fixed} ; python_version < "4" \\\n'
        assert any(one.id in fault for fault in find_faults(older, [one])), one
        assert list(find_faults(newer, [one])) == [], one
        assert one.noted <= reviewed


def test_versions_are_compared_as_numbers() -> None:
    _, [first, *_] = read_advisories()
    assert list(find_faults("aiohttp==3.9.5", [first]))
    assert list(find_faults("AIOHTTP==3.13.5", [first]))
    assert not list(find_faults("aiohttp==3.100", [first]))
