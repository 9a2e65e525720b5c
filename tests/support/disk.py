"""A small file system, and a file that fills it."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted_disk(megabytes: int = 8) -> Iterator[Path]:
    """A file system of this size in memory; the test is skipped where mounting one is not allowed."""
    with tempfile.TemporaryDirectory(prefix="csss-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "csss-test", folder]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("only a privileged user can mount a small disk: the full disk was not tried here")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def ballast(disk: Path, leave: int) -> Iterator[None]:
    """Fill the disk up to this many bytes."""
    filler = disk / "ballast"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    filler.write_bytes(bytes(max(0, free - leave)))
    try:
        yield
    finally:
        filler.unlink()
