"""Threat: a picture takes over the process that decodes it; what it then tries is refused by the kernel."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from inference import confinement
from inference.confinement import landlock_version

pytestmark = pytest.mark.skipif(landlock_version() < 3, reason="the kernel has no Landlock that refuses cutting files")
TRIES = """
import ctypes, json, os, signal, socket, sys
from inference.confinement import confine
folder, parent = sys.argv[1], os.getppid()
kept = os.open(folder + "/kept", os.O_RDONLY)
libc = ctypes.CDLL(None, use_errno=True)
space = ctypes.create_string_buffer(16)

class Part(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t)]

def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result

def of_parent(number):
    own, other = Part(ctypes.addressof(space), 16), Part(int(sys.argv[2]), 16)
    return checked(libc.syscall(number, parent, ctypes.byref(own), 1, ctypes.byref(other), 1, 0))

CALLS = {"x86_64": (310, 311, 101), "aarch64": (270, 271, 117)}[os.uname().machine]
tries = {
    "read a file": lambda: open(folder + "/kept").read(),
    "read the parent's environment": lambda: open(f"/proc/{parent}/environ", "rb").read(),
    "write the parent's memory as a file": lambda: open(f"/proc/{parent}/mem", "r+b"),
    "create a file": lambda: open(folder + "/new", "w"),
    "cut a file": lambda: os.truncate(folder + "/kept", 0),
    "remove a file": lambda: os.unlink(folder + "/kept"),
    "rename a file": lambda: os.rename(folder + "/kept", folder + "/gone"),
    "list a folder": lambda: os.listdir(folder),
    "open a socket": lambda: socket.socket(),
    "open a socket of this machine": lambda: socket.socket(socket.AF_UNIX),
    "start a program": lambda: os.execv("/bin/true", ["true"]),
    "signal the parent": lambda: os.kill(parent, signal.SIGUSR1),
    "read the parent's memory": lambda: of_parent(CALLS[0]),
    "write the parent's memory": lambda: of_parent(CALLS[1]),
    "trace the parent": lambda: checked(libc.syscall(CALLS[2], 16, parent, 0, 0)),
    "use another way into the kernel": lambda: checked(libc.syscall(425, 1, space)),
}
confine()
done = {}
for name, attempt in tries.items():
    try:
        attempt()
        done[name] = "done"
    except OSError as error:
        done[name] = type(error).__name__
done["what was open stays"] = os.read(kept, 4).decode()
done["privileges"] = libc.prctl(39, 0, 0, 0, 0)
print(json.dumps(done))
"""


def test_everything_that_a_taken_over_decoder_tries_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")
    secret = ctypes.create_string_buffer(b"a secret of the parent")
    command = [sys.executable, "-c", TRIES, str(tmp_path), str(ctypes.addressof(secret))]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": ROOT})
    assert ran.returncode == 0, ran.stderr
    done = json.loads(ran.stdout)
    assert (done.pop("what was open stays"), done.pop("privileges")) == ("kept", 1)
    assert [name for name, outcome in done.items() if outcome == "done"] == []
    assert len(done) >= 10
    assert (kept.read_text(), [path.name for path in tmp_path.iterdir()]) == ("kept", ["kept"])
    assert secret.value == b"a secret of the parent"


ROOT = str(Path(confinement.__file__).parents[1])


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="other systems have no root")
def test_the_bot_does_not_start_as_root_unless_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made in the data folder, which would then belong to root."""
    monkeypatch.chdir(tmp_path)
    given = {"CSSS_BOT_TOKEN": "42:SANDBOX-x", "CSSS_DATA": "data", "CSSS_DATABASE": "sqlite+aiosqlite:///none/x.db"}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    refused = CliRunner().invoke(app, ["run"], env=given)
    assert (refused.exit_code, "does not run as root" in refused.output) == (1, True)
    assert not (tmp_path / "data").exists()
    for user, arguments in ((0, ["run", "--allow-root"]), (1000, ["run"])):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        tried = CliRunner().invoke(app, arguments, env=given)
        assert "does not run as root" not in tried.output
        assert (tmp_path / "data").exists()
