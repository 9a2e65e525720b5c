"""Walls of the Linux kernel around a process that reads untrusted bytes: no files, no network, no other process.

What the process needs must be open and imported before. Each wall stands where the kernel has it."""

import ctypes
import errno
import os
import platform
import sys
from typing import Final

PR_SET_DUMPABLE: Final = 4
PR_SET_SECCOMP: Final = 22
PR_SET_NO_NEW_PRIVS: Final = 38
SECCOMP_MODE_FILTER: Final = 2
LANDLOCK_CREATE_RULESET: Final = 444  # system calls, with the same numbers on every architecture
LANDLOCK_RESTRICT_SELF: Final = 446
LANDLOCK_VERSION: Final = 1  # flag: ask for the version only
FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # number of rights to files by version of the interface
NETWORK_SINCE, SCOPES_SINCE = 4, 6
# System calls that are refused: sockets, other processes and their memory, programs, kernel interfaces.
REFUSED: Final = {
    "x86_64": (
        0xC000003E,
        (41, 42, 53, 57, 58, 59, 62, 101, 165, 250, 272, 298, 308, 310, 311, 321, 322, 323, 425, 434, 438),
    ),
    "aarch64": (
        0xC00000B7,
        (40, 97, 117, 129, 198, 199, 203, 219, 221, 241, 268, 270, 271, 280, 281, 282, 425, 434, 438),
    ),
}
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of the filter
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
FOREIGN_CALLS: Final = 0x40000000  # of the x32 interface
LIBC: Final = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("value", ctypes.c_uint32)]


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction))]


def hide_memory() -> None:
    """Close this process's memory to others of the same user, and leave no core dump."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def confine() -> None:
    """Give up every right that the kernel lets a process give up; what runs on keeps its open pipes."""
    if sys.platform != "linux":
        return
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _give_up_files()
    _give_up_calls()


def landlock_version() -> int:
    """The version of Landlock's interface; 0 where the kernel has none."""
    return max(0, LIBC.syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)) if sys.platform == "linux" else 0


def _give_up_files() -> None:
    """Landlock with an empty set of rules: no file is opened, created, cut or removed any more."""
    version = landlock_version()
    if version == 0:
        return
    rights = (1 << FILE_RIGHTS.get(version, 16)) - 1
    rules = _Ruleset(rights, 0b11 if version >= NETWORK_SINCE else 0, 0b11 if version >= SCOPES_SINCE else 0)
    size = 8 * (1 + (version >= NETWORK_SINCE) + (version >= SCOPES_SINCE))
    ruleset = LIBC.syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset >= 0:
        LIBC.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


def _give_up_calls() -> None:
    """A filter of system calls; calls of another architecture end the process."""
    machine = platform.machine()
    if machine not in REFUSED:
        return
    architecture, refused = REFUSED[machine]
    count = len(refused)
    program = [
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),
        (AT_LEAST, count + 1, 0, FOREIGN_CALLS),
        *((EQUAL, count - place, 0, call) for place, call in enumerate(refused)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    instructions = (_Instruction * len(program))(*(_Instruction(*one) for one in program))
    LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_Filter(len(program), instructions)), 0, 0)
