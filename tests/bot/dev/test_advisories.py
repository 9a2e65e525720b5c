"""No lock file pins a version with a known fault."""

from bot.dev.advisories import LOCKS, PIN, ROOT, find_faults, read_advisories


def test_no_lock_file_pins_a_version_with_a_known_fault() -> None:
    _, advisories = read_advisories()
    locks = {name: (ROOT / name).read_text() for name in LOCKS}
    assert {name: list(find_faults(text, advisories)) for name, text in locks.items()} == {name: [] for name in LOCKS}
    assert all(len(PIN.findall(text)) > 50 for text in locks.values())


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
