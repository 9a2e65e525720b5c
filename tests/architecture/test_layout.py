"""The tree: how many modules a folder holds, and which names are retired."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.support.source import ROOT, Module, modules

MOST_MODULES = 15
GENERATED = "models/migrations/versions"


def test_no_folder_holds_more_than_fifteen_modules() -> None:
    folders = Counter(str(Path(module.name).parent) for module in modules() if not module.name.endswith("__init__.py"))
    assert {folder: size for folder, size in folders.items() if size > MOST_MODULES and folder != GENERATED} == {}


def test_no_two_files_import_each_other_in_a_circle() -> None:
    """Only imports at the top of a file count: those of functions run later."""
    names = {_dotted(module) for module in modules()}
    imports = {_dotted(module): set(_imported(module, names)) for module in modules()}
    order: dict[str, int] = {}

    def visit(name: str, path: tuple[str, ...]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in order:
            return []
        for following in sorted(imports[name] & names):
            if circle := visit(following, (*path, name)):
                return circle
        order[name] = len(order)
        return []

    assert [circle for name in imports if (circle := visit(name, ()))] == []


def test_no_two_test_modules_have_one_name() -> None:
    """pytest imports them by their base name: two of one name stop the whole suite."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_no_test_imports_another_test_module() -> None:
    """Shared steps live in tests/support."""
    found = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module or ""]
            found += [
                f"{path.relative_to(ROOT)}: {name}"
                for name in names
                if name.startswith("tests.") and (".test_" in name or ".conftest" in name)
            ]
    assert found == []


def _dotted(module: Module) -> str:
    return module.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imported(module: Module, names: set[str]) -> Iterator[str]:
    """Modules imported at the top of a file; `from package import name` is the module `name` where there is one."""
    for node in module.tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from full & names
            if full - names:
                yield node.module
