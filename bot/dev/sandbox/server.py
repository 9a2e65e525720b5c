"""The embedded Telegram: one HTTP server and one mail server on loopback, for as long as a `with` block lasts."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from ipaddress import ip_address
from typing import Final, Self

import aiohttp
from aiohttp import web

from bot.dev.sandbox.api.answers import Json
from bot.dev.sandbox.api.bot_api import BotApi
from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.client_api import ClientApi, sentences
from bot.dev.sandbox.api.display import Display, Sample
from bot.dev.sandbox.api.requests import PERSON_LIMIT
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.faults import Faults
from bot.dev.sandbox.mailbox import Mailbox
from bot.dev.sandbox.presses import Presses
from bot.dev.sandbox.shelf import Shelf
from bot.dev.sandbox.updates import Updates
from bot.dev.sandbox.webhook import Webhook

DEMO_TOKEN: Final = "42:SANDBOX-opens-nothing-but-this-sandbox"  # noqa: S105 - it opens nothing
DEMO_FORM: Final = re.compile(r"\d{1,7}:SANDBOX[A-Za-z0-9_-]*")
"""Bot ids of this length were never given out, and no secret of Telegram's begins in this way."""
STOP_WITHIN: Final = 2.0
DELIVERY: Final = aiohttp.ClientTimeout(total=60)


class SandboxRefused(Exception):
    """The sandbox will not start like this."""


class RealToken(SandboxRefused):
    """A token that might open a real bot has no business in a sandbox."""

    def __init__(self) -> None:
        super().__init__("the sandbox takes only its own demo tokens, such as " + DEMO_TOKEN)


class OpenToOthers(SandboxRefused):
    """The sandbox has no locks, so it listens on loopback only."""

    def __init__(self, host: str) -> None:
        super().__init__(f"the sandbox listens on loopback only, not on {host}")


class Sandbox:
    """`async with Sandbox() as sandbox:` serves the Bot API at `sandbox.base` and the page at `sandbox.web`.

    `clock` gives Unix seconds; `patience` scales the waits between deliveries to a webhook. Raises RealToken,
    OpenToOthers, and OSError when the port is taken.
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
            raise OpenToOthers(host)
        self.token = token
        self.mailbox = mailbox or Mailbox(clock=clock)
        self.engine = _engine(int(token.partition(":")[0]), clock, patience)
        self._host, self._port = host, port
        self._bot_api = BotApi(self.engine, token, strict)
        self._client_api = ClientApi(self.engine, self._bot_api, self.mailbox)
        self._display = Display(self.engine, self.mailbox, samples)
        self._open = AsyncExitStack()

    @property
    def base(self) -> str:
        """The Bot API's base address, to be used for CSSS_BOT_API."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self._port}"

    @property
    def web(self) -> str:
        """The address of the web chat."""
        return f"{self.base}/"

    @property
    def calls(self) -> list[Json]:
        """The bot's latest calls and the answers it got, oldest first."""
        return list(self._bot_api.calls)

    def person(self, name: str, role: str = "", language_code: str = "en", *, started: bool = False) -> int:
        """Somebody new, by chat id; `started` lets the bot write before the person does."""
        new = self.engine.store.join(name, role, language_code, None)
        new.started = started
        self.engine.show(new)
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
            stack.callback(self._wind_down)
            self._open = stack.pop_all()

    async def stop(self) -> None:
        await self._open.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    async def _serve(self, stack: AsyncExitStack) -> None:
        app = web.Application(client_max_size=PERSON_LIMIT, middlewares=[sentences])
        for routed in (self._bot_api, self._client_api, self._display):
            app.add_routes(routed.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WITHIN)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        self._port = runner.addresses[0][1]

    def _wind_down(self) -> None:
        """End what waits, so that closing the connections is a matter of moments."""
        self.engine.webhook.set(None)
        self._client_api.close()

    async def _run_reply(self, call: Call) -> None:
        """A call that came in the answer to a webhook delivery: nobody reads its result."""
        await self._bot_api.run(call)


def void(_: object) -> None:
    """A callback's result that nobody wants."""


def _engine(bot_id: int, clock: Callable[[], float], patience: float) -> Engine:
    faults = Faults()
    updates = Updates()
    webhook = Webhook(updates, faults, clock, patience)
    return Engine(bot_id, clock, webhook, updates, faults, Presses(clock), Shelf(bot_id))
