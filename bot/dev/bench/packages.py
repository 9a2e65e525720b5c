"""Disk size of an installation for serving: requirements without training and tests."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from bot.dev.bench.machine import MEGABYTE

REQUIREMENT: Final = re.compile(r"(?P<name>[\w.-]+)(?:\[(?P<extras>[^\]]*)\])?(?P<rest>.*)")
LARGEST: Final = 5


def measure_packages() -> dict[str, Any]:
    """Installed packages in MB, largest first, and whether TensorFlow is installed."""
    sizes = {name: _size(installed) for name, installed in _needed("csss", frozenset(), {}).items()}
    heaviest = sorted(sizes, key=lambda name: -sizes[name])[:LARGEST]
    return {
        "packages": len(sizes),
        "mb": round(sum(sizes.values()) / MEGABYTE),
        "largest_mb": {name: round(sizes[name] / MEGABYTE) for name in heaviest},
        "needs_tensorflow": "tensorflow" in sizes,
        "tensorflow_importable": find_spec("tensorflow") is not None,
    }


def _needed(name: str, extras: frozenset[str], found: dict[str, Distribution]) -> dict[str, Distribution]:
    """A distribution and its requirements that are installed on this platform."""
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        return found
    if name in found and not extras:
        return found
    found[name] = installed
    for needed, wished in _requirements(installed, extras):
        _needed(needed, wished, found)
    return found


def _requirements(installed: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for line in installed.requires or ():
        told = REQUIREMENT.match(line)
        if told is None:
            continue
        extra = re.search(r"extra == ['\"]([^'\"]+)", told["rest"])
        if extra is None or extra[1] in extras:
            wished = frozenset(filter(None, re.split(r"[\s,]+", told["extras"] or "")))
            yield re.sub(r"[-_.]+", "-", told["name"]).lower(), wished


def _size(installed: Distribution) -> int:
    paths = [Path(str(installed.locate_file(file))) for file in installed.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file())
