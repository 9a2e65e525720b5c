"""Compares the lock files with the known faults of packages: `python -m bot.dev.advisories`, a part of `make check`."""

import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

FILE: Final = Path(__file__).with_name("advisories.toml")
ROOT: Final = Path(__file__).parents[2]
PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([0-9][^\s;\\]*)", re.MULTILINE)


class Advisory(NamedTuple):
    """A known fault of a package. `fixed` is the first version without it."""

    package: str
    fixed: str
    id: str
    what: str
    noted: date


def read_advisories(file: Path = FILE) -> tuple[date, list[Advisory]]:
    """The day of the list's last review, and its lines."""
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    return content["reviewed"], [Advisory(**one) for one in content["advisory"]]


def find_faults(lock: str, advisories: Sequence[Advisory]) -> Iterator[str]:
    """A sentence for each pin of this lock file below a fixed version."""
    pins = [(name.lower().replace("_", "-"), version) for name, version in PIN.findall(lock)]
    for one in advisories:
        for name, version in pins:
            if name == one.package and _numbers(version) < _numbers(one.fixed):
                yield f"{name} {version} has {one.id} ({one.what}): {one.fixed} or newer"


def _numbers(version: str) -> tuple[int, ...]:
    """The release numbers of a version; "68.1rc1" counts as 68.1."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def read_locks(root: Path = ROOT) -> dict[str, str]:
    """The text of every lock file in the folder, by its name."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(root.glob("*.lock"))}


def main(root: Path = ROOT) -> int:
    """Print the faults; returns the exit code."""
    reviewed, advisories = read_advisories()
    faults = [f"{name}: {fault}" for name, lock in read_locks(root).items() for fault in find_faults(lock, advisories)]
    print("\n".join([*faults, f"{len(advisories)} advisories, reviewed {reviewed}, {len(faults)} faults"]))  # noqa: T201 - its output
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
