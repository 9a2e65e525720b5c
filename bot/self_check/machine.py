"""Checks of the machine: data folder, disk, memory, port, libraries, model."""

import asyncio
import errno
import os
import shutil
import socket
import sys
from contextlib import suppress
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Final

import aiohttp

from bot.channels.voice import missing_programs
from bot.self_check.outcome import Context, Outcome, green, red, yellow
from bot.settings import Settings
from inference.confinement import landlock_version
from inference.errors import BundleError
from inference.heart.bundle import default_heart, load_heart
from inference.model.bundle import default_bundle, load_bundle

MB: Final = 1024 * 1024
DISK_RED: Final = 200 * MB  # free bytes; a scan with its report needs about 3 MB
DISK_YELLOW: Final = 2048 * MB
MEMORY_RED: Final = 256 * MB  # available bytes; a print alone takes 180 MB
MEMORY_YELLOW: Final = 700 * MB
HEALTH_SECONDS: Final = 3.0
OTHERS: Final = 0o077
FONTS: Final = {
    f"NotoSans{script}-{cut}.woff2" for script in ("", "Tamil", "Devanagari") for cut in ("Regular", "Bold")
}
LIBRARIES: Final = ("cv2", "gdcm", "ai_edge_litert.interpreter", "pikepdf", "pyhanko.sign")


async def data_folder(context: Context) -> Outcome:
    """The folder can be written to and is closed to other users."""
    path = context.settings.data
    if not path.exists():
        return yellow(f"{path} does not exist yet", "Run `csss db upgrade`, which makes it.")
    if not path.is_dir():
        return red(f"{path} is no folder", "Name a folder in CSSS_DATA.")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return red(f"{path} cannot be written to", f"Give it to the bot's user: `chown -R csss {path}`.")
    if path.stat().st_mode & OTHERS:
        return yellow(f"{path} is open to other users", f"Close it: `chmod 700 {path}`.")
    return green(f"{path.absolute()}")


async def disk(context: Context) -> Outcome:
    """Free space where the data lies."""
    path = context.settings.data.absolute()
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    state = f"{free // MB:,} MB free at {path}"
    if free < DISK_RED:
        return red(state, "Make room now: without it no picture and no report can be stored.")
    if free < DISK_YELLOW:
        return yellow(state, "Make room soon, or move the data folder to a larger disk.")
    return green(state)


async def memory(_: Context) -> Outcome:
    """Available memory of the machine, or of the container where it has a limit."""
    free = available_memory()
    if free is None:
        return yellow("the available memory is not known here", "Make sure that 1 GB is free for the bot.")
    state = f"{free // MB:,} MB available"
    if free < MEMORY_RED:
        return red(state, "End other programs or add memory: the bot needs 500 MB, a report 180 MB more.")
    if free < MEMORY_YELLOW:
        return yellow(state, "Add memory if the bot does not run yet: it needs 500 MB, a report 180 MB more.")
    return green(state)


def available_memory() -> int | None:
    """Bytes; None where the system does not say."""
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found.append(int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024)
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):  # "max": no limit
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        found.append(limit - int((group / "memory.current").read_text(encoding="ascii")))
    return min(found, default=None)


async def port(context: Context) -> Outcome:
    """The web app's port is free, or the bot itself answers there."""
    return await _free(context, context.settings.web_host, context.settings.web_port, "CSSS_WEB")


async def operator_port(context: Context) -> Outcome:
    """The same of the operators' endpoints."""
    own = context.settings.own_operator_port
    if own is None:
        return green("the web app's own")
    return await _free(context, context.settings.operator_host, own, "CSSS_OPERATOR")


async def _free(context: Context, host: str, number: int, setting: str) -> Outcome:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, number))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return await _holder(context, host, number, setting)
        if error.errno == errno.EACCES:
            return red(f"port {number} is not allowed to this user", f"Choose a {setting}_PORT above 1023.")
        return red(f"{host} is no address of this machine", f"Choose another {setting}_HOST, such as 127.0.0.1.")
    return green(f"{host}:{number} is free" if number else "any free port")


async def _holder(context: Context, host: str, number: int, setting: str) -> Outcome:
    """Ask a port in use whether the bot holds it."""
    address, patience = f"http://{_reachable(host)}:{number}/healthz", aiohttp.ClientTimeout(total=HEALTH_SECONDS)
    with suppress(aiohttp.ClientError, OSError, ValueError):  # a TimeoutError is an OSError
        async with context.http.get(address, timeout=patience) as answer:
            if await answer.json() == {"status": "ok"}:
                return green(f"the bot answers at {host}:{number}")
    return red(f"another program uses {host}:{number}", f"Stop it, or choose another {setting}_PORT.")


def _reachable(host: str) -> str:
    """The host as a URL has it; a server on all addresses answers on loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"[{host}]" if ":" in host else host


async def libraries(context: Context) -> Outcome:
    """A page is printed with the fonts of all scripts, and the native libraries load."""
    fault = await asyncio.to_thread(_missing_library)
    if fault:
        return red(fault, "Install again: `make setup`, which names the system's packages.")
    if context.settings.voice and (missing := missing_programs()):
        return red(f"CSSS_VOICE needs {' and '.join(missing)}", "apt-get install espeak-ng opus-tools")
    if sys.platform == "linux" and not landlock_version():
        return yellow(
            "the kernel has no Landlock: a picture that takes over its decoder can read the bot's files",
            "Use a kernel of 5.13 or newer with Landlock.",
        )
    return green("fonts, PDF, pictures and signatures")


def _missing_library() -> str:
    present = {font.name for font in (files("reports") / "fonts").iterdir()}
    if absent := sorted(FONTS - present):
        return f"fonts are missing: {', '.join(absent)}"
    for name in LIBRARIES:
        try:
            import_module(name)
        except (ImportError, OSError):
            return f"the library {name} does not load"
    try:
        import_module("reports.pdf.render").warm()
    except OSError:
        return "Pango, which draws the reports, does not load"
    return ""


async def model(context: Context) -> Outcome:
    """Every file of the bundles has the hash that its manifest names."""
    try:
        return green(await asyncio.to_thread(_models, context.settings))
    except BundleError as error:
        return red(str(error), "Install the program again, or put CSSS_BUNDLE right.")


def _models(settings: Settings) -> str:
    folders = [settings.bundle or default_bundle(), *filter(None, [settings.silent_bundle])]
    identities = [load_bundle(folder).identity for folder in folders]
    identities.append(load_heart(default_heart()).identity)
    return ", ".join(f"{one.name} {one.version} ({one.sha256[:12]})" for one in identities)
