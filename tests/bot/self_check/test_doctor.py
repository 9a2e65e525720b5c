"""`csss doctor`: what is in order is green, what is broken names its next step, and looking changes nothing."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from pydantic import SecretStr
from sqlalchemy import insert, text
from typer.testing import CliRunner

from bot.__main__ import app
from bot.app import Engines, build_app
from bot.dev.demo import demo_settings
from bot.dev.sandbox import Sandbox
from bot.dev.sandbox.faults import Fault, Kind
from bot.self_check import checks
from bot.self_check.checks import run_checks
from bot.self_check.outcome import Level, Outcome
from bot.settings import Settings
from models.base import open_engine
from models.crypto.keys import hospital_key
from models.schema import upgrade
from models.tables.jobs import Job
from tests.support.disk import mounted_disk
from tests.support.people import Clinic
from tests.support.web import running
from workflow.audit.chain import AuditEvent, record

SLOW = {"libraries", "model"}  # three seconds of CPU time: one test looks at them


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", {name: one for name, one in checks.CHECKS.items() if name not in SLOW})


@pytest.fixture
async def installed(engines: Engines, tmp_path: Path) -> AsyncIterator[tuple[Sandbox, Settings]]:
    """An upgraded installation with one recorded act, whose bot does not run."""
    async with Sandbox() as sandbox:
        settings = demo_settings(sandbox, tmp_path / "data")
        async with build_app(settings, engines) as built:
            await upgrade(built.engine)
            async with built.services.sessions.begin() as session:
                await record(session, None, AuditEvent("start", "bot", 1), datetime.now(UTC))
                await session.run_sync(lambda sync: hospital_key(sync.connection(), sync.info))
        yield sandbox, settings


async def outcome(settings: Settings, check: str) -> Outcome:
    return (await run_checks(settings))[check]


def changed(settings: Settings, **values: Any) -> Settings:
    return settings.model_copy(update=values)


@pytest.mark.slow
async def test_a_running_clinic_is_green_and_looking_writes_nothing(clinic: Clinic) -> None:
    """Every check, the printed page and the JSON, beside the bot that works."""
    settings = changed(clinic.app.settings, mail_from="scans@clinic.example.org")
    before = await _rows(clinic)
    found = await run_checks(settings)
    of_the_machine = {"disk", "libraries", "memory"}
    assert {name for name, one in found.items() if one.level is not Level.GREEN} <= {"backups", *of_the_machine}, found
    assert await _rows(clinic) == before
    assert not clinic.sandbox.mailbox.mails
    assert {call["method"] for call in clinic.sandbox.calls[-3:]} == {"getMe", "getWebhookInfo"}


async def _rows(clinic: Clinic) -> tuple[object, ...]:
    async with clinic.app.engine.connect() as connection:
        counts = "SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM jobs), (SELECT count(*) FROM data_keys)"
        return tuple((await connection.execute(text(counts))).one())


def test_an_empty_machine_is_told_the_first_step_and_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    monkeypatch.chdir(tmp_path)
    closed = socket.create_server(("127.0.0.1", 0))
    api = f"http://127.0.0.1:{closed.getsockname()[1]}"
    closed.close()
    given = {"CSSS_BOT_TOKEN": "42:SANDBOX-secret", "CSSS_BOT_API": api, "CSSS_WEB_PORT": "0"}
    result = CliRunner().invoke(app, ["doctor"], env=given)
    assert result.exit_code == 1
    assert "there is no database yet\n                       → Run `csss db upgrade`." in result.output
    assert "does not answer as Telegram does" in result.output
    assert "SANDBOX-secret" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_impossible_settings_are_the_first_line_and_json_stays_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["doctor", "--json"], env={"CSSS_WORKERS": "many"})
    assert result.exit_code == 1
    facts = json.loads(result.stdout)
    assert facts["level"] == "red"
    [check] = facts["checks"]
    assert check["check"] == "settings"
    assert "CSSS_BOT_TOKEN: is not set" in check["state"]
    assert "CSSS_WORKERS" in check["state"]


async def test_each_trouble_of_the_data_has_its_own_sentence(
    installed: tuple[Sandbox, Settings], quick: None, tmp_path: Path
) -> None:
    """Key lost, key exchanged, folder open, anchor edited, database behind, newer, damaged, gone."""
    _, settings = installed
    data = settings.data
    assert (await outcome(settings, "keys")).level is Level.GREEN
    other = changed(settings, secret_key=SecretStr("another key of thirty-two characters"))
    assert "did not seal this audit record" in (await outcome(other, "keys")).state
    (data / "secret.key").rename(tmp_path / "away")
    assert "secret.key cannot be found" in (await outcome(settings, "keys")).state
    assert (await outcome(settings, "anchors")).level is Level.YELLOW
    assert not (data / "secret.key").exists()
    (tmp_path / "away").rename(data / "secret.key")
    data.chmod(0o755)
    assert (await outcome(settings, "data folder")) == (
        Level.YELLOW,
        f"{data} is open to other users",
        f"Close it: `chmod 700 {data}`.",
    )
    (data / "audit-anchors.txt").write_text("2026-01-01 x\n")
    assert "line 1 of audit-anchors.txt was changed" in (await outcome(settings, "anchors")).state
    for revision, words in (("0001", "is behind this program"), ("9999", "belongs to a newer version")):
        await _set_revision(settings, revision)
        assert words in (await outcome(settings, "migrations")).state
    (data / "clinic.db").write_bytes(b"no database at all" * 1000)
    (data / "clinic.db-wal").unlink(missing_ok=True)
    found = await run_checks(settings)
    assert found["database"].level is Level.RED
    assert "`csss restore`" in found["database"].action
    assert found["migrations"].state == "not looked at: the database cannot be used"
    shutil.rmtree(data)
    data.write_text("a file")
    assert (await outcome(settings, "data folder")).state == f"{data} is no folder"


async def _set_revision(settings: Settings, revision: str) -> None:
    engine = open_engine(settings.database_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    await engine.dispose()


async def test_a_job_that_waits_for_long_is_named(installed: tuple[Sandbox, Settings], quick: None) -> None:
    _, settings = installed
    engine = open_engine(settings.database_url)
    async with engine.begin() as connection:
        late = datetime.now(UTC) - timedelta(minutes=12)
        await connection.execute(
            insert(Job).values(kind="show_menu", payload={}, run_at=late, created_at=late, attempts=0)
        )
    await engine.dispose()
    assert (await outcome(settings, "jobs")).state == "the oldest due job has waited for 12 minutes"


async def test_the_newest_backups_age_decides(installed: tuple[Sandbox, Settings], quick: None, tmp_path: Path) -> None:
    """A folder without its manifest is no backup."""
    _, settings = installed
    assert (await outcome(settings, "backups")).state == "CSSS_BACKUPS names no folder"
    folder = tmp_path / "backups"
    settings = changed(settings, backups=folder)
    assert (await outcome(settings, "backups")).level is Level.RED
    for hours, words in ((200, "200 hours old"), (40, "40 hours old"), (1, "on the same disk")):
        backup = folder / f"{datetime.now(UTC) - timedelta(hours=hours):%Y%m%dT%H%M%SZ}"
        backup.mkdir(parents=True)
        assert words not in (await outcome(settings, "backups")).state
        (backup / "manifest.sealed").touch()
        found = await outcome(settings, "backups")
        assert words in found.state
        assert found.level is (Level.RED if hours > 100 else Level.YELLOW)


async def test_telegrams_answers_are_told_apart(installed: tuple[Sandbox, Settings], quick: None) -> None:
    """A wrong token, an outage, a webhook of another installation."""
    sandbox, settings = installed
    assert (await outcome(settings, "telegram")).level is Level.GREEN
    wrong = changed(settings, bot_token=SecretStr("43:SANDBOX-of-another-bot"))
    assert "does not know this CSSS_BOT_TOKEN" in (await outcome(wrong, "telegram")).state
    sandbox.engine.faults.add(Fault(Kind.DROP, "getMe", times=2))
    found = await run_checks(settings)
    assert found["telegram"].level is Level.RED
    assert found["clock"].state == "not compared: Telegram does not answer"
    hook = changed(settings, webhook_url="https://bot.example.org", webhook_secret=SecretStr("s" * 32))
    assert "delivers to whoever polls, not to https://bot.example.org/" in (await outcome(hook, "telegram")).state


@pytest.mark.parametrize(("shift", "level"), [(0, Level.GREEN), (-12, Level.YELLOW), (4000, Level.RED)])
async def test_the_clock_is_compared_with_telegrams(shift: int, level: Level, tmp_path: Path, quick: None) -> None:
    """The sandbox's clock is ahead of this machine's, or behind it."""
    clock = lambda: datetime.now(UTC).timestamp() + shift  # noqa: E731
    async with Sandbox(clock=clock) as sandbox:
        found = await outcome(demo_settings(sandbox, tmp_path), "clock")
    assert found.level is level
    if shift:
        assert ("behind Telegram's" if shift > 0 else "ahead of Telegram's") in found.state


@pytest.mark.slow
async def test_a_port_of_another_program_is_told_from_the_bots_own(
    installed: tuple[Sandbox, Settings], engines: Engines, quick: None
) -> None:
    """Free, held by a program that never answers, and held by the bot."""
    _, settings = installed
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = changed(settings, web_port=other.getsockname()[1])
        other.close()
        assert (await outcome(taken, "port")).level is Level.GREEN
    with socket.create_server(("127.0.0.1", 0)) as other:
        silent = changed(settings, web_port=other.getsockname()[1])
        assert "another program uses" in (await outcome(silent, "port")).state
    async with running(engines, settings.data) as bot:
        own = changed(settings, web_port=int(bot.address.rpartition(":")[2]))
        assert "the bot answers at" in (await outcome(own, "port")).state
        for_operators = changed(own, operator_port=own.web_port, web_port=own.web_port + 1)
        assert "the bot answers at" in (await outcome(for_operators, "operator port")).state
    assert "is no address of this machine" in (await outcome(changed(settings, web_host="192.0.2.7"), "port")).state


async def test_a_full_disk_is_red_before_the_first_picture_fails(
    installed: tuple[Sandbox, Settings], quick: None
) -> None:
    _, settings = installed
    with mounted_disk() as disk:
        found = await outcome(changed(settings, data=disk), "disk")
    assert found.level is Level.RED
    assert found.action.startswith("Make room now")


class Login:
    """An SMTP server's handler that knows one login."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    async def handle_EHLO(self, server: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:  # noqa: N802
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, *_: Any) -> str:  # noqa: N802
        self.commands.append("MAIL")
        return "250 OK"


async def test_the_mail_servers_refusals_are_told_apart(installed: tuple[Sandbox, Settings], quick: None) -> None:
    """Away, wrong password, no STARTTLS; and a login that works sends nothing."""
    _, settings = installed

    def authenticate(server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        return AuthResult(success=data.password == b"right", handled=False)

    handler = Login()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, authenticator=authenticate, auth_require_tls=False, auth_exclude_mechanism=["XOAUTH2"]),
        "127.0.0.1",
        0,
    )
    port = server.sockets[0].getsockname()[1]
    mail = changed(
        settings,
        smtp_port=port,
        mail_from="scans@clinic.example.org",
        smtp_user="csss",
        smtp_password=SecretStr("right"),
    )
    assert (await outcome(mail, "mail")) == (Level.GREEN, f"127.0.0.1:{port}, login", "")
    wrong = changed(mail, smtp_password=SecretStr("wrong"))
    assert (await outcome(wrong, "mail")).state == "the mail server refuses the login"
    assert (
        await outcome(changed(mail, smtp_starttls=True), "mail")
    ).state == "the mail server offers no trusted STARTTLS"
    assert handler.commands == []
    server.close()
    await server.wait_closed()
    assert (await outcome(mail, "mail")).state == f"the mail server 127.0.0.1:{port} does not answer"
