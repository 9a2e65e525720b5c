"""Importing a module has no side effects; the pages about settings and the README are current."""

import json
import subprocess
import sys
from pathlib import Path

from bot.dev.settings_page import page
from bot.settings import Settings
from tests.support.source import ROOT, modules

QUIET = """
import importlib, json, os, socket, sys, threading
def forbidden(*_, **__):
    raise AssertionError("a socket at import")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = forbidden
written, threads = [], threading.active_count()
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        mode, flags = str(arguments[1] or ""), arguments[2] or 0
        if set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(f"{arguments[0]} by {sys._getframe(1).f_code.co_filename}")
sys.dont_write_bytecode = True
sys.addaudithook(watch)
failed = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = f"{type(error).__name__}: {error}"
heavy = [name for name in ("tensorflow", "keras") if name in sys.modules]
print(json.dumps({"written": written, "heavy": heavy, "failed": failed, "threads": threading.active_count() - threads}))
"""


def imported(names: list[str], folder: Path) -> dict[str, object]:
    """Side effects of importing these modules in a separate process, in an empty folder."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{QUIET}", json.dumps(names)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    effects: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return effects


def serving() -> list[str]:
    """All modules except training, whose libraries a hospital does not install, and scripts that run on import."""
    names = [module.name.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for module in modules()]
    return [name for name in names if not name.startswith(("ml.", "models.migrations"))]


def test_every_module_can_be_imported_without_network_files_or_threads(tmp_path: Path) -> None:
    """A module that connects, writes or starts a thread on import cannot be tested or assembled twice."""
    names = serving()
    assert "bot.app" in names
    effects = imported(names, tmp_path)
    written = [str(name) for name in effects.pop("written")]  # type: ignore[attr-defined] # JSON
    pango = ("subprocess.py", "tempfile.py")  # ctypes looks for WeasyPrint's libraries with the system's tools
    assert [name for name in written if not name.endswith(pango)] == []
    assert effects == {"heavy": [], "failed": {}, "threads": 0}
    assert list(tmp_path.iterdir()) == []


def test_the_help_of_the_command_waits_for_no_heavy_import(tmp_path: Path) -> None:
    """The PDF pool's child processes import the main module as well."""
    script = "import bot.__main__, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"aiogram", "sqlalchemy", "weasyprint", "ai_edge_litert", "cv2", "tensorflow"}
    assert heavy & set(json.loads(done.stdout)) == set()


def test_the_page_of_settings_is_current() -> None:
    """Regenerate it with python -m bot.dev.settings_page > docs/settings.md."""
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page()


def test_every_setting_has_a_description_that_is_a_sentence() -> None:
    described = {name: field.description or "" for name, field in Settings.model_fields.items()}
    assert [name for name, description in described.items() if not description.endswith((".", ")"))] == []


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
