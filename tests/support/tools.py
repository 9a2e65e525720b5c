"""External programs that some tests need: skipped where absent, or failed with --strict-tools."""

import re
from collections import Counter
from collections.abc import Iterable

import pytest

PACKAGES = {
    "chromium": "chromium",
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
    "pdfsig": "poppler-utils",
    "qpdf": "qpdf",
    "espeak-ng": "espeak-ng",
    "opusenc": "opus-tools",
    "PostgreSQL": "postgresql",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
}
OPERATORS = frozenset({"promtool", "systemd-analyze"})  # told in the closing line, and no failure with --strict-tools
NEEDS = re.compile(r"needs ([\w-]+): apt-get install")


def absent(program: str, config: pytest.Config) -> None:
    """Skip the test that needs this program, or fail it with --strict-tools."""
    sentence = f"needs {program}: apt-get install {PACKAGES[program]}"
    if config.getoption("--strict-tools") and program not in OPERATORS:
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def missing(reasons: Iterable[str]) -> str:
    """One line that counts the skipped tests by absent program; empty where there is none."""
    counts = Counter(found[1] for reason in reasons if (found := NEEDS.search(reason)))
    return ", ".join(f"{program} ({count})" for program, count in sorted(counts.items()))
