"""The sandbox server: HTTP and SMTP on loopback, for the duration of a `with` block."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from ipaddress import ip_address
from typing import Final, Self

import aiohttp
from aiohttp import web

from bot.dev.sandbox.api.bot_api import BotApi
from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.client_api import ClientApi, sentences
from bot.dev.sandbox.api.display import Display, Sample
from bot.dev.sandbox.api.requests import PERSON_LIMIT
from bot.dev.sandbox.api.responses import Json
from bot.dev.sandbox.callback_queries import CallbackQueries
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.faults import Faults
from bot.dev.sandbox.files import FileStore
from bot.dev.sandbox.mailbox import Mailbox
from bot.dev.sandbox.updates import Updates
from bot.dev.sandbox.web_apps import WebApps
from bot.dev.sandbox.webhook import Webhook

DEMO_TOKEN: Final = "42:SANDBOX-opens-nothing-but-this-sandbox"  # noqa: S105 - it opens nothing
DEMO_FORM: Final = re.compile(r"\d{1,7}:SANDBOX[A-Za-z0-9_-]*")
"""Bot ids of this length were never given out, and no secret of Telegram's begins in this way."""
STOP_WITHIN: Final = 2.0
DELIVERY: Final = aiohttp.ClientTimeout(total=60)


class SandboxRefused(Exception):
    """The sandbox refuses to start with these arguments."""


class RealToken(SandboxRefused):
    """The token may belong to a real bot."""

    def __init__(self) -> None:
        super().__init__("the sandbox takes only its own demo tokens, such as " + DEMO_TOKEN)


class NotOnLoopback(SandboxRefused):
    """The host is not a loopback address; the sandbox has no authentication."""

    def __init__(self, host: str) -> None:
        super().__init__(f"the sandbox listens on loopback only, not on {host}")


class Sandbox:
    """`async with Sandbox() as sandbox:` serves the Bot API at `sandbox.base` and the page at `sandbox.web`.

    `clock` gives Unix seconds; `patience` scales the waits between deliveries to a webhook. Raises RealToken,
    NotOnLoopback, and OSError when the port is taken.
    """

    def __init__(  # noqa: PLR0913 - each is a separate choice of whoever starts a sandbox
        self,
        token: str = DEMO_TOKEN,
        port: int = 0,
        samples: Sequence[Sample] = (),
        strict: bool = False,
        *,
        host: str = "127.0.0.1",
        mailbox: Mailbox | None = None,
        clock: Callable[[], float] = time.time,
        patience: float = 1.0,
    ) -> None:
        if not DEMO_FORM.fullmatch(token):
            raise RealToken
        if host != "localhost" and not ip_address(host).is_loopback:
            raise NotOnLoopback(host)
        self.token = token
        self.mailbox = mailbox or Mailbox(clock=clock)
        self.engine = _engine(int(token.partition(":")[0]), clock, patience)
        self._host, self._port = host, port
        self._bot_api = BotApi(self.engine, token, strict)
        self._client_api = ClientApi(self.engine, self._bot_api, self.mailbox)
        self._web_apps = WebApps(self.engine, token)
        self._display = Display(self.engine, self.mailbox, samples)
        self._open = AsyncExitStack()

    @property
    def base(self) -> str:
        """Base URL of the Bot API, for CSSS_BOT_API."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    @property
    def web(self) -> str:
        """The address of the web chat."""
        return f"{self.base}/"

    @property
    def calls(self) -> list[Json]:
        """The bot's latest calls with their answers, oldest first."""
        return list(self._bot_api.calls)

    def person(self, name: str, role: str = "", language_code: str = "en", *, started: bool = False) -> int:
        """Add a person and return the chat id; `started` lets the bot write first."""
        new = self.engine.store.join(name, role, language_code, None)
        new.started = started
        self.engine.publish_person(new)
        return new.chat_id

    async def start(self) -> None:
        async with AsyncExitStack() as stack:
            self.mailbox.on_mail = lambda mail: void(self.engine.events.publish("mail", mail=mail.view()))
            await self.mailbox.start()
            stack.push_async_callback(self.mailbox.stop)
            await self._serve(stack)
            session = await stack.enter_async_context(aiohttp.ClientSession(timeout=DELIVERY))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            self.engine.webhook.attach(tasks, session)
            self.engine.webhook.run = self._run_reply
            stack.callback(self._shut_down)
            self._open = stack.pop_all()

    async def stop(self) -> None:
        await self._open.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    async def _serve(self, stack: AsyncExitStack) -> None:
        app = web.Application(client_max_size=PERSON_LIMIT)
        for routed in (self._bot_api, self._client_api, self._web_apps, self._display):
            app.add_routes(
                web.RouteDef(one.method, one.path, sentences(one.handler), one.kwargs) for one in routed.routes()
            )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WITHIN)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        self._port = runner.addresses[0][1]

    def _shut_down(self) -> None:
        """End waiting requests, so that connections close quickly."""
        self.engine.webhook.set(None)
        self._client_api.close()

    async def _run_reply(self, call: Call) -> None:
        """Run a call that came in the answer to a webhook delivery; its result is discarded."""
        await self._bot_api.run(call)


def void(_: object) -> None:
    """Discard a callback's result."""


def _engine(bot_id: int, clock: Callable[[], float], patience: float) -> Engine:
    faults = Faults()
    updates = Updates()
    webhook = Webhook(updates, faults, clock, patience)
    return Engine(bot_id, clock, webhook, updates, faults, CallbackQueries(clock), FileStore(bot_id))
