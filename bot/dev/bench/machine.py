"""What the machine is, and what the kernel says of a process."""

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
    """What a reader must know to compare figures; the load shows whether others were working here too."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }


def memory_mb(pid: int) -> dict[str, float]:
    """Resident memory of a process, now and at its peak."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return {name: round(int(told[key].split()[0]) / 1024, 1) for name, key in (("now", "VmRSS"), ("peak", "VmHWM"))}


def children(pid: int) -> list[int]:
    """Processes that this one has started, from whichever of its threads."""
    lists = (PROC / str(pid) / "task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def cpu_seconds(pid: int) -> float:
    """Time that a process has spent computing, all threads together, to the nanosecond.

    Linux numbers a process's clock by its id, inverted, and 2 for the scheduler; clock_getcpuclockid(3) gives the same.
    """
    return time.clock_gettime(~pid << 3 | 2)


def has_loaded(pid: int, folder: str) -> bool:
    """Whether a process has mapped a library out of a folder of this name."""
    return f"/{folder}/" in (PROC / str(pid) / "maps").read_text()


def environment() -> dict[str, str]:
    """The environment of a child: ours without any CSSS_ setting of whoever measures."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CSSS_")}


def spread(values: Sequence[float], scale: float = 1.0, digits: int = 2) -> dict[str, float]:
    """Median and 90th percentile, each multiplied by `scale`."""
    ninth = quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]
    return {"median": round(median(values) * scale, digits), "p90": round(ninth * scale, digits)}
