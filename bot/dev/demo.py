"""The whole clinic in one process: sandbox, mailbox and the production bot on a scratch database."""

import asyncio
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot.app import App, build_app
from bot.dev.sandbox import Sample, Sandbox, SandboxClient
from bot.dev.story import play, views
from bot.engines import Engines
from bot.settings import Settings
from inference.upload.open import open_picture
from inference.upload.picture import encode_jpeg, shrink
from models.base import Sessions
from models.schema import upgrade
from models.vocabulary import Role, Sex
from workflow import consent
from workflow.accounts import registration
from workflow.accounts.passwords import hash_password
from workflow.accounts.registration import Person
from workflow.accounts.sessions import create_link
from workflow.actors import actor_of

DEMO_COST: Final = 4  # bcrypt's least
PASSWORD: Final = "demo-clinic"  # noqa: S105 - printed on the page; it opens nothing but a demo
LONGEST: Final = 1024  # pixels of the sample's longer side


class Cast(NamedTuple):
    """A demo person."""

    name: str
    role: Role
    email: str
    born: date | None = None
    sex: Sex = Sex.UNKNOWN
    number: str | None = None


CAST: Final = (
    Cast("Amina Yusuf", Role.PATIENT, "amina@example.org", date(1987, 4, 12), Sex.FEMALE),
    Cast("Dr Rao", Role.DOCTOR, "rao@example.org", number="TN-48213"),
    Cast("Meena Pillai", Role.PHARMACIST, "meena@example.org", number="PH-1177"),
    Cast("Joseph Mathew", Role.ADMINISTRATOR, "joseph@example.org"),
)


class DemoSettings(Settings):
    """Settings that ignore the environment and .env, so that a demo never touches a clinic's database or bot."""

    bcrypt_cost: int = Field(DEMO_COST, ge=4, description="bcrypt's least: a demo's passwords protect nothing.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the interface, as are the three below
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


Furnish = Callable[[App, Sandbox], Awaitable[list[dict[str, Any]]]]


class Demo(NamedTuple):
    """A running demo: its parts, and the facts as `--json` prints them."""

    sandbox: Sandbox
    app: App
    facts: dict[str, Any]
    picture: bytes


def sample() -> Sample:
    """A real chest radiograph, from the pydicom-data package (MIT), as a JPEG that a phone could have sent."""
    dicom = files("data_store").joinpath("data", "RG1_UNCR.dcm").read_bytes()
    grey = shrink(open_picture(dicom).levelled().grey, LONGEST)
    return Sample("chest.jpg", "Chest X-ray", "image/jpeg", encode_jpeg(grey))


@asynccontextmanager
async def open_demo(
    port: int = 0,
    engines: Engines | None = None,
    furnish: Furnish | None = None,
    **more: Any,  # noqa: ANN401 - settings
) -> AsyncIterator[Demo]:
    """Start sandbox, mailbox and bot on a scratch data folder that is removed at the end.

    `furnish` brings the database to the newest schema and people into it and into the sandbox (default: the cast).
    """
    picture = await asyncio.to_thread(sample)
    with tempfile.TemporaryDirectory(prefix="csss-demo-") as scratch:
        async with (
            Sandbox(port=port, samples=[picture]) as sandbox,
            build_app(demo_settings(sandbox, Path(scratch), **more), engines) as app,
        ):
            people = await (furnish or move_in)(app, sandbox)
            async with running(app):
                yield Demo(sandbox, app, {"web": sandbox.web, "bot_api": sandbox.base, "people": people}, picture.data)


@asynccontextmanager
async def running(app: App) -> AsyncIterator[None]:
    """Run the bot until the block ends; the block begins when the bot is ready."""
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        bot = group.create_task(app.run(stop, lambda _: ready.set()))
        await ready.wait()
        try:
            yield
        finally:
            stop.set()
            await bot


async def live(port: int, welcome: Callable[[dict[str, Any]], None], voice: bool = False) -> None:
    """Serve until interrupted; with `voice` the patient hears the report's first page as well."""
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with open_demo(port, voice=voice, **_reachable()) as demo:
        welcome(demo.facts)
        await stop.wait()


async def story(port: int, out: Path | None, say: Callable[[str], None] | None) -> dict[str, Any]:
    """Play the main job by itself; leave the PDF and the emails in `out`."""
    folder = out or Path(tempfile.gettempdir()) / f"csss-demo-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True, exist_ok=True)
    async with open_demo(port, **_reachable()) as demo, SandboxClient(demo.sandbox.base) as clinic:
        await demo.app.services.pdf.start()  # in a clinic the PDF process is warm
        started = monotonic()
        pdf = await play(clinic, demo.picture, say)
        seconds = round(monotonic() - started, 2)
        shown = await views(await clinic.person("Dr Rao"), clinic.wire.session)
        if say:
            say(shown)
        mails = demo.sandbox.mailbox.mails
        report = folder / pdf.name
        report.write_bytes(pdf.data)
        letters = [folder / f"email-{mail.id}.eml" for mail in mails]
        for letter, mail in zip(letters, mails, strict=True):
            letter.write_bytes(mail.raw)
    return {
        "status": "REPORT_READY",
        "pdf": str(report),
        "emails": [str(letter) for letter in letters],
        "seconds": seconds,
    }


def demo_settings(sandbox: Sandbox, scratch: Path, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    return DemoSettings(
        bot_token=SecretStr(sandbox.token),
        bot_api=sandbox.base,
        data=scratch,
        hospital="Demo Hospital",
        hospital_address="12 Beach Road, Chennai",
        hospital_phone="+91 44 5550 0100",
        smtp_host=sandbox.mailbox.host,
        smtp_port=sandbox.mailbox.port,
        smtp_starttls=False,
        **{"web_port": 0, "operator_port": more.get("web_port", 0), "desk_hours": "00:00-24:00", **more},
    )


def _reachable() -> dict[str, Any]:
    """A free port for the web app, so that QR codes on reports lead to its page."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {"web_port": port, "public_url": f"http://127.0.0.1:{port}"}


async def move_in(app: App, sandbox: Sandbox) -> list[dict[str, Any]]:
    """A migrated database with the cast in it, each linked to a chat of the sandbox."""
    await upgrade(app.engine)
    return await add_cast(app.services.sessions, sandbox)


async def add_cast(sessions: Sessions, sandbox: Sandbox, cast: Sequence[Cast] = CAST) -> list[dict[str, Any]]:
    """Accounts for the cast, each linked to a chat in the sandbox."""
    password_hash = await asyncio.to_thread(hash_password, PASSWORD, cost=DEMO_COST)
    now = datetime.now(UTC)
    people = []
    async with sessions.begin() as session:
        for one in cast:
            chat_id = sandbox.person(one.name, one.role, started=True)
            person = Person(one.name, one.email, password_hash, "en", one.born, one.sex, one.number)
            account = await registration.add_staff(session, person, one.role, now)
            await create_link(session, chat_id, account, now)
            await consent.agree(session, actor_of(account), now)
            people.append({"name": one.name, "role": one.role.value, "chat_id": chat_id})
    return people
