"""Settings: a wrong value stops the start with one clear line, and no secret is ever printed."""

import stat
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pydantic import SecretStr, ValidationError
from typer.testing import CliRunner

from bot.__main__ import app
from bot.dev.demo import DemoSettings, demo_settings
from bot.dev.sandbox import Sandbox
from bot.preflight import PreflightFailed, check
from bot.secrets import secret_key
from bot.settings import Settings

TOKEN, PASSWORD = "123456789:AAF-a-real-looking-token-nobody-has", "mail-Passw0rd-of-the-clinic"
BUCKET_KEY = {"CSSS_FILES_KEY_ID": "AKIA", "CSSS_FILES_SECRET": "short-but-secret"}
WRONG = [
    # settings, and the expected line
    ({}, "CSSS_BOT_TOKEN: is not set"),
    ({"CSSS_WORKERS": "many"}, "CSSS_WORKERS: Input should be a valid integer"),
    ({"CSSS_WORKERS": "0"}, "CSSS_WORKERS: Input should be greater than or equal to 1"),
    ({"CSSS_LOG": "loud"}, "CSSS_LOG: Input should be 'console' or 'json'"),
    ({"CSSS_MAIL_FROM": "nobody"}, "CSSS_MAIL_FROM: value is not a valid email address"),
    ({"CSSS_WEB_PORT": "http"}, "CSSS_WEB_PORT: Input should be a valid integer"),
    ({"CSSS_WEBHOOK_URL": "https://bot.example.org"}, "CSSS_WEBHOOK_URL needs CSSS_WEBHOOK_SECRET"),
    ({"CSSS_WEBHOOK_SECRET": "a-secret-of-too-few-signs"}, "CSSS_WEBHOOK_SECRET: Value should have at least 32 items"),
    *(
        ({f"CSSS_{name}": address}, f"CSSS_{name}: Value error, must begin with https://")
        for name in ("BOT_API", "PUBLIC_URL", "WEBHOOK_URL", "TWILIO_API", "FILES_ENDPOINT")
        for address in (
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example/",
            "http://x@evil.example",
            "ftp://a",
        )
    ),
    ({"CSSS_SECRET_KEY": "short-but-secret"}, "CSSS_SECRET_KEY must have 32 characters or more"),
    (
        {"CSSS_SMTP_STARTTLS": "false", "CSSS_SMTP_HOST": "mail.example.org"},
        "CSSS_SMTP_STARTTLS may be off only for a mail server on this machine",
    ),
    ({"CSSS_TIMEZONE": "Asia/Chenai"}, "CSSS_TIMEZONE must be a time zone's name"),
    ({"CSSS_FORMULARY": "nowhere"}, "CSSS_FORMULARY cannot be used: the formulary has no substances_infection.toml"),
    ({"CSSS_TIMEZONE": "../etc"}, "CSSS_TIMEZONE must be a time zone's name"),
    ({"CSSS_FILES_BUCKET": "s3://films"}, "CSSS_FILES_BUCKET needs CSSS_FILES_KEY_ID and CSSS_FILES_SECRET"),
    *(
        (BUCKET_KEY | {"CSSS_FILES_BUCKET": place}, "CSSS_FILES_BUCKET: String should match pattern")
        for place in (
            "films",
            "https://films",
            "s3://",
            "s3://films/..",
            "s3://films/a b",
            "s3://Films",
            "s3://films/a?b",
        )
    ),
]


@pytest.mark.parametrize(("given", "line"), WRONG, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("command", [["run"], ["db", "upgrade"]], ids=" ".join)
def test_a_wrong_setting_stops_the_start_with_one_clear_line(
    command: list[str], given: dict[str, str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"CSSS_BOT_TOKEN": TOKEN} if given else {}
    result = CliRunner().invoke(app, command, env=environment | given)
    assert result.exit_code == 2
    [said] = result.output.strip().splitlines()
    assert line in said
    assert TOKEN not in result.output
    assert "short-but-secret" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_without_the_extra_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "obstore", None)
    given = BUCKET_KEY | {"CSSS_BOT_TOKEN": TOKEN, "CSSS_FILES_BUCKET": "s3://films"}
    result = CliRunner().invoke(app, ["run"], env=given)
    assert (result.exit_code, result.output) == (2, "CSSS_FILES_BUCKET needs the `s3` extra: pip install '.[s3]'\n")


@pytest.mark.parametrize("where", ["environment", ".env"])
@pytest.mark.parametrize(
    ("misspelt", "meant"), [("CSSS_HOSPITEL", "CSSS_HOSPITAL"), ("CSSS_REMOVE_AFTER", "CSSS_REMOVE_AFTER_HOURS")]
)
def test_a_misspelt_setting_is_refused_with_the_name_that_was_meant(
    misspelt: str, meant: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ignored, it would leave the default in force, for example health data in the chats."""
    monkeypatch.chdir(tmp_path)
    given = {misspelt: PASSWORD, "CSSS_BOT_TOKEN": TOKEN}
    if where == ".env":
        (tmp_path / ".env").write_text("\n".join(f"{name}={value}" for name, value in given.items()))
    result = CliRunner().invoke(app, ["db", "upgrade"], env=given if where == "environment" else {})
    assert result.exit_code == 2
    assert result.output.strip() == f"{misspelt}: there is no such setting; is {meant} meant?"


def test_secrets_do_not_print() -> None:
    settings = Settings(
        _env_file=None,
        bot_token=SecretStr(TOKEN),
        smtp_password=SecretStr(PASSWORD),
        secret_key=SecretStr("k" * 32),
        webhook_secret=SecretStr("s" * 32),
        database=SecretStr("postgresql+psycopg://clinic:db-password@db/clinic"),
    )
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        for secret in (TOKEN, PASSWORD, "k" * 32, "s" * 20, "db-password"):
            assert secret not in shown
    with pytest.raises(ValidationError):
        settings.hospital = "Another"  # type: ignore[misc] # frozen


def test_the_bot_needs_nothing_but_its_token(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, bot_token=SecretStr(TOKEN), data=tmp_path)
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/clinic.db"
    assert settings.webhook_url is None
    assert settings.smtp_starttls


def test_a_demo_ignores_a_clinics_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a .env file leads it to a real bot or database."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("CSSS_DATABASE=sqlite+aiosqlite:///real.db\nCSSS_HOSPITAL=Real\n", encoding="utf-8")
    monkeypatch.setenv("CSSS_BOT_API", "https://api.telegram.org")
    monkeypatch.setenv("CSSS_DATABASE", "postgresql+psycopg://clinic@db/clinic")
    monkeypatch.setenv("CSSS_WEBHOOK_URL", "https://real.example.org")
    sandbox = Sandbox()
    settings = demo_settings(sandbox, tmp_path / "scratch")
    assert isinstance(settings, DemoSettings)
    assert settings.bot_api == sandbox.base
    assert settings.database is None
    assert settings.webhook_url is None
    assert settings.hospital == "Demo Hospital"


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, bot_token=SecretStr(TOKEN), data=tmp_path)
    key = secret_key(settings)
    assert len(key) == 64
    assert secret_key(settings) == key
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    other = Settings(_env_file=None, bot_token=SecretStr(TOKEN), data=tmp_path, secret_key=SecretStr("k" * 32))
    assert secret_key(other) == b"k" * 32


@pytest.mark.parametrize("killed_at", ["bot.secrets.secrets.token_hex", "models.crypto.atomic.os.fsync"])
def test_a_kill_while_the_key_is_made_leaves_none(
    killed_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every later start would take an empty file for the key."""
    settings = Settings(_env_file=None, bot_token=SecretStr(TOKEN), data=tmp_path)

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(killed_at, killed)
        with pytest.raises(SystemExit):
            secret_key(settings)
    assert not (tmp_path / "secret.key").exists()
    assert len(secret_key(settings)) == 64


CUT = [("secret.key", ""), ("secret.key", "a" * 31), ("master.key", ""), ("master.key", f"{'n' * 64}\n{'o' * 12}")]


@pytest.mark.parametrize(("file", "content"), CUT)
def test_a_key_file_that_is_cut_short_stops_the_start(
    file: str, content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / file).write_text(content)
    result = CliRunner().invoke(app, ["db", "upgrade"], env={"CSSS_BOT_TOKEN": TOKEN})
    assert result.exit_code == 2
    assert f"CSSS_DATA holds a {file} of less than 32 characters: put the whole file back" in result.output
    assert [one.name for one in (tmp_path / "data").iterdir()] == [file]


def picture(kind: str, side: int) -> bytes:
    drawn = BytesIO()
    Image.effect_noise((side, 60), 90).save(drawn, kind)
    return drawn.getvalue()


LOGO = "CSSS_HOSPITAL_LOGO must be a JPEG or PNG picture, of at most 1 MB and 4000 pixels a side"
NO_LOGOS = {
    "a logo in vectors": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
    "words": b"no picture at all",
    "words that begin like a PNG": b"\x89PNG\r\n\x1a\n no picture at all",
    "half a PNG": picture("PNG", 200)[:3000],
    "another kind": picture("GIF", 60),
    "too many pixels": picture("JPEG", 4001),
    "too many bytes": picture("PNG", 300) + bytes(1_000_000),
    "nothing": b"",
}


@pytest.mark.parametrize("content", NO_LOGOS.values(), ids=NO_LOGOS)
def test_a_logo_that_no_report_could_bear_stops_the_start(content: bytes, tmp_path: Path) -> None:
    """The start fails instead of the first report."""
    file = tmp_path / "logo.png"
    file.write_bytes(content)
    with pytest.raises(PreflightFailed, match=LOGO):
        check(Settings(_env_file=None, bot_token=SecretStr(TOKEN), hospital_logo=file))


def test_a_logo_that_is_not_there_stops_the_start_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["run"], env={"CSSS_BOT_TOKEN": TOKEN, "CSSS_HOSPITAL_LOGO": "logo.png"})
    assert result.exit_code == 2
    assert "CSSS_HOSPITAL_LOGO: Path does not point to a file" in result.output


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_whole_logo_is_taken(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "logo"
    file.write_bytes(picture(kind, 4000))
    settings = Settings(_env_file=None, bot_token=SecretStr(TOKEN), hospital_logo=file, data=tmp_path)
    check(settings)
    assert settings.hospital_logo == file
