"""The name of a process that leases jobs, and whether such a process is still alive."""

import os
import socket
from pathlib import Path
from secrets import token_hex
from typing import Final

OWN_NAME: Final = f"{socket.gethostname()[:80]}|{os.getpid()}|{token_hex(8)}"


def is_dead(name: str | None) -> bool:
    """Whether the process ended for certain: it ran on this machine, and its process number is free or this process's.

    False for other machines: their leases run out."""
    if name is None or name == OWN_NAME:
        return name is None
    host, pid, _ = name.split("|")
    own_host, own_pid, _ = OWN_NAME.split("|")
    return host == own_host and (pid == own_pid or not Path("/proc", pid).exists())
