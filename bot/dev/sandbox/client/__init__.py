"""The sandbox from outside: with it tests, demos and anybody's script can be people.

async with SandboxClient("http://127.0.0.1:8081") as clinic:
    amina = await clinic.person("Amina", role="patient")
    await amina.sends("/start")
    await amina.sees("Welcome")
    await amina.presses("English")
"""

from contextlib import AsyncExitStack
from time import monotonic
from typing import Final, Self

import aiohttp

from bot.dev.sandbox.api.responses import Json
from bot.dev.sandbox.client.http import HttpClient
from bot.dev.sandbox.client.person import PATIENCE, Person
from bot.dev.sandbox.client.transcript import Answer, Document, Message, NotFoundInChat, SandboxError
from bot.dev.sandbox.mailbox import Mail, read_mail

__all__ = ["Answer", "Document", "Message", "NotFoundInChat", "Person", "SandboxClient", "SandboxError"]

PROMPT: Final = aiohttp.ClientTimeout(total=120)


class SandboxClient:
    """`base` is the sandbox's address, such as `http://127.0.0.1:8081`; raises SandboxError where it refuses."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")
        self._open = AsyncExitStack()
        self._wire: HttpClient | None = None
        self._known: dict[int, Person] = {}

    @property
    def wire(self) -> HttpClient:
        if self._wire is None:
            raise SandboxError("use `async with SandboxClient(base) as clinic:`")
        return self._wire

    async def __aenter__(self) -> Self:
        session = await self._open.enter_async_context(aiohttp.ClientSession(timeout=PROMPT))
        self._wire = HttpClient(self._base, session)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._open.aclose()

    async def people(self) -> list[Person]:
        """Everybody in the sandbox; asked again, the same objects, so that marks are kept."""
        return [self._person(one) for one in (await self.wire.get("/client/people")).body]

    async def person(self, name: str, role: str = "", language_code: str = "en", username: str = "") -> Person:
        """The person of this name, new if there is none; `role` is a mere label."""
        for known in await self.people():
            if known.name == name:
                return known
        wish: Json = {"name": name, "role": role, "language_code": language_code, "username": username or None}
        return self._person(await self.wire.post("/client/people", wish))

    async def mails(self, to: str | None = None) -> list[Mail]:
        """Caught mails, oldest first, of one address or of all."""
        shown = (await self.wire.get("/client/mails")).body
        return [await self._mail(one) for one in shown if to is None or _addressed(one, to)]

    async def mail_to(
        self,
        address: str,
        containing: str = "",
        *,
        after: Mail | None = None,
        timeout: float = PATIENCE,  # noqa: ASYNC109 - asks the server to wait
    ) -> Mail:
        """Wait for a mail with the text in its subject or body: the newest, and later than the mail `after`."""
        deadline = monotonic() + timeout
        while True:
            shown = await self.wire.get("/client/mails")
            for one in reversed(shown.body):
                if _addressed(one, address) and one["id"] > (after.id if after else 0):
                    mail = await self._mail(one)
                    if containing in f"{mail.subject}\n{mail.text}\n{mail.html or ''}":
                        return mail
            left = deadline - monotonic()
            if left <= 0 or not await self.wire.changes(shown.seen, left):
                subjects = "".join(f"\n  {', '.join(one['to'])}: {one['subject']}" for one in shown.body)
                what = f"no mail to {address} with “{containing}” within {timeout:g} s."
                raise NotFoundInChat(f"{what} The mailbox holds:{subjects or ' nothing'}")

    async def fault(self, kind: str, method: str = "*", times: int = 1, seconds: float = 1) -> None:
        """Order trouble, see `bot.dev.sandbox.faults.Kind`: `await clinic.fault("429", "sendMessage", times=2)`."""
        wish: Json = {"kind": kind, "method": method, "times": times, "seconds": seconds}
        await self.wire.post("/client/faults", wish)

    async def no_faults(self) -> None:
        await self.wire.delete("/client/faults")

    async def calls(self, method: str = "") -> list[Json]:
        """Requests of the bot and the answers it got: method, fields, files, status, body."""
        calls: list[Json] = (await self.wire.get("/client/calls")).body
        return [call for call in calls if not method or call["method"] == method]

    def _person(self, shown: Json) -> Person:
        chat_id: int = shown["chat_id"]
        return self._known.setdefault(chat_id, Person(self.wire, chat_id, shown["name"], shown["role"]))

    async def _mail(self, shown: Json) -> Mail:
        raw = await self.wire.fetch(f"/client/mails/{shown['id']}/raw")
        return read_mail(raw, shown["id"], shown["date"], tuple(shown["to"]))


def _addressed(shown: Json, address: str) -> bool:
    return address.lower() in {one.lower() for one in shown["to"]}
