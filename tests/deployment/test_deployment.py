"""The files of deploy/ fit the program: metrics that exist, alerts with a runbook, hardened units, a small image."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from bot.observability.metrics import build_metrics
from bot.settings import Settings
from tests.support.source import ROOT

DEPLOY: Final = ROOT / "deploy"
ALERTS: Final = (DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
METRIC: Final = re.compile(r"\b(?:csss|process|python)_[a-z_]+")
LABEL: Final = re.compile(r"\b(\w+)=\"|by \(([\w, ]+)\)")
OF_PROMETHEUS: Final = {"job", "instance", "le"}
EXPOSURE: Final = 2.5


def exported() -> dict[str, set[str]]:
    """Every series that `/metrics` may show, with its labels."""
    registry = build_metrics().registry
    found: dict[str, set[str]] = {sample.name: set() for family in registry.collect() for sample in family.samples}
    for collector, names in registry._collector_to_names.items():
        for name in names:
            found[name] = set(getattr(collector, "_labelnames", ()))
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Place and PromQL of every alert and every panel."""
    for number, expression in enumerate(re.findall(r"expr: (.*)", ALERTS)):
        yield f"alert {number}", expression
    for panel in json.loads((DEPLOY / "grafana" / "csss.json").read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_every_expression_names_metrics_and_labels_that_the_bot_exports() -> None:
    known, used = exported(), set()
    for place, expression in expressions():
        names = set(METRIC.findall(expression))
        assert names or "up{" in expression, place
        assert names <= set(known), place
        labels = {part.strip() for found in LABEL.findall(expression) for part in (found[0] or found[1]).split(",")}
        assert labels <= OF_PROMETHEUS.union(*(known[name] for name in names)), place
        used |= names
    own = {name for name in known if name.startswith("csss_") and not name.endswith(("_created", "_sum", "_count"))}
    families = {name.removesuffix("_total").removesuffix("_bucket") for name in used}
    assert {name.removesuffix("_total").removesuffix("_bucket") for name in own} <= families


def test_every_alert_has_its_paragraph_in_the_runbook_and_every_paragraph_its_alert() -> None:
    alerts = re.findall(r"alert: (\w+)", ALERTS)
    links = re.findall(r"docs/runbook.md#(\w+)", ALERTS)
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert links == [name.lower() for name in alerts]
    assert headings == alerts


@pytest.mark.needs("promtool")
def test_prometheus_accepts_the_rules_their_unit_tests_and_every_panel(tmp_path: Path) -> None:
    rules = {"groups": [{"name": "panels", "rules": [
        {"record": f"panel:{number}", "expr": expression} for number, (_, expression) in enumerate(expressions())
    ]}]}  # fmt: skip
    (tmp_path / "panels.yml").write_text(json.dumps(rules))
    folder = DEPLOY / "prometheus"
    for arguments in (
        ("check", "rules", str(folder / "alerts.yml"), str(tmp_path / "panels.yml")),
        ("test", "rules", str(folder / "alerts_test.yml")),
        ("check", "config", str(folder / "prometheus.yml")),
    ):
        done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("unit", sorted(path.name for path in (DEPLOY / "systemd").glob("*.service")))
def test_a_unit_is_known_to_systemd_and_hardly_exposed(unit: str) -> None:
    path = DEPLOY / "systemd" / unit
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE * 10:.0f}"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    checked = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert "Unknown" not in checked.stderr
    for line in checked.stderr.splitlines():
        assert "not executable" in line, line  # the program is not installed there


def test_the_image_is_built_with_hashes_runs_as_nobody_special_and_holds_no_training() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert text.count("FROM ") == 2
    assert "--require-hashes" in text
    assert re.search(r"^USER [1-9]\d{3,}$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    copied = re.findall(r"requirements[\w-]*\.lock", text.partition("COPY ")[2].partition("\n")[0])
    assert [f"-r {name}" in text for name in copied] == [True] * 4
    locks = "".join((ROOT / name).read_text(encoding="utf-8") for name in copied)
    assert "tensorflow" not in locks
    for name in re.findall(r"^(\w[\w-]*)==", locks, re.MULTILINE):
        assert re.search(rf"^{name}==.*\\\n    --hash", locks, re.MULTILINE), name
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").startswith("**\n")
    assert all((ROOT / name).exists() for name in allowed)
    assert {*copied} <= {*allowed}


def test_the_composition_declares_the_secrets_and_volumes_that_it_uses() -> None:
    """And every process of the bot has a read-only root and no capability, and publishes on loopback only."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    services, declared = text.split("\nsecrets:\n")
    secrets, volumes = declared.split("\nvolumes:\n")
    assert set(re.findall(r"^      - (\w+_\w+)$|^    - (csss_\w+)$", services, re.MULTILINE)) <= {
        (name, "") for name in re.findall(r"^  (\w+):$", secrets, re.MULTILINE)
    } | {("", name) for name in re.findall(r"^  (\w+):$", secrets, re.MULTILINE)}
    mounted = set(re.findall(r"^ +- ([a-z]+):/", services, re.MULTILINE))
    assert mounted == set(re.findall(r"^  (\w+):$", volumes, re.MULTILINE))
    assert "read_only: true" in services
    assert re.search(r"cap_drop:\n +- ALL", services)
    assert all(port.startswith("127.0.0.1:") for port in re.findall(r"- \"([\d.]+:\d+:\d+|\d+:\d+)\"", services))


def test_settings_come_from_files_of_secrets_below_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd's credentials and a container's secrets: one file for each, its last line break is no part of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "csss_bot_token").write_text("42:SANDBOX-from-a-file\n")
    (tmp_path / "csss_hospital").write_text("From a file")
    (tmp_path / "another_secret").write_text("x")
    assert Settings().bot_token == SecretStr("42:SANDBOX-from-a-file")
    monkeypatch.setenv("CSSS_HOSPITAL", "From the environment")
    assert Settings().hospital == "From the environment"
