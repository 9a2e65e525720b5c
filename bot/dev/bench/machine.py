"""Facts about the machine, and memory and CPU time of processes."""

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

PROC: Final = Path("/proc")
MEGABYTE: Final = 1024 * 1024


def facts() -> dict[str, Any]:
    """Machine facts needed to compare figures; the load shows whether other processes were running."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }


def memory_mb(pid: int) -> dict[str, float]:
    """Resident memory of a process in MB: current and peak."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return {name: round(int(told[key].split()[0]) / 1024, 1) for name, key in (("now", "VmRSS"), ("peak", "VmHWM"))}


def children(pid: int) -> list[int]:
    """Child processes of this process."""
    lists = (PROC / str(pid) / "task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def cpu_seconds(pid: int) -> float:
    """CPU time of a process in seconds, all threads together.

    The clock id is the inverted process id with the scheduler's bits, as clock_getcpuclockid(3) computes it.
    """
    return time.clock_gettime(~pid << 3 | 2)


def has_loaded(pid: int, folder: str) -> bool:
    """Whether a process has loaded a library from a folder of this name."""
    return f"/{folder}/" in (PROC / str(pid) / "maps").read_text()


def environment() -> dict[str, str]:
    """The environment for a child process: this one's without CSSS_ variables."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CSSS_")}


def spread(values: Sequence[float], scale: float = 1.0, digits: int = 2) -> dict[str, float]:
    """Median and 90th percentile, each multiplied by `scale`."""
    ninth = quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
    return {"median": round(median(values) * scale, digits), "p90": round(ninth * scale, digits)}
