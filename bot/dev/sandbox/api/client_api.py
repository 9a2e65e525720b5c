"""The client API: JSON endpoints under `/client`, used by the web chat and the Python client."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from bot.dev.sandbox import people
from bot.dev.sandbox.api.bot_api import BotApi, dumped
from bot.dev.sandbox.api.calls import Upload
from bot.dev.sandbox.api.requests import PERSON_LIMIT, read_call, read_json
from bot.dev.sandbox.api.responses import ApiError, Json, Unchecked
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.faults import Fault, Kind
from bot.dev.sandbox.mailbox import Mailbox
from bot.dev.sandbox.store import Entry, Person

SEEN: Final = "X-Event"
"""Response header: the number of the latest event that the body already knows."""
PRESS_WAIT: Final = 10.0
LONGEST_WAIT: Final = 60.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def sentences(handler: Handler) -> Handler:
    """Turn refusals of a handler into `{"error": sentence}`.

    Not a middleware: aiohttp keeps the application of each handler that it wraps for the life of the process."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except people.ClientRequestRefused as error:
            return reply({"error": str(error)}, error.status)
        except ApiError as error:
            return reply({"error": error.description}, error.code)
        except NotANumber as error:
            return reply({"error": f"{error} is no number"}, 400)

    return answer


def reply(value: Unchecked, status: int = 200, seen: int | None = None) -> web.Response:
    headers = {} if seen is None else {SEEN: str(seen)}
    return web.Response(status=status, body=dumped(value), content_type="application/json", headers=headers)


@dataclass
class ClientApi:
    """One handler for each endpoint; `closing` ends the streams when the server stops."""

    engine: Engine
    bot_api: BotApi
    mailbox: Mailbox
    closing: bool = False

    def routes(self) -> list[web.RouteDef]:
        chat = r"/client/chats/{chat_id:\d+}"
        return [
            web.get("/client/people", self.list_people),
            web.post("/client/people", self.join),
            web.get(f"{chat}/messages", self.messages),
            web.post(f"{chat}/text", self.text),
            web.post(f"{chat}/edit", self.edit),
            web.post(f"{chat}/photo", self.photo),
            web.post(f"{chat}/document", self.document),
            web.post(f"{chat}/voice", self.voice),
            web.post(f"{chat}/contact", self.contact),
            web.post(f"{chat}/press", self.press),
            web.post(f"{chat}/block", self.block),
            web.post(f"{chat}/unblock", self.unblock),
            web.post("/client/faults", self.order_fault),
            web.delete("/client/faults", self.clear_faults),
            web.get("/client/calls", self.list_calls),
            web.get("/client/events", self.events),
        ]

    async def list_people(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler's form
        return reply([self.engine.describe(person) for person in self.engine.store.people.values()])

    async def join(self, request: web.Request) -> web.Response:
        given = await read_json(request)
        name = wanted(given, "name")
        language = str(given.get("language_code") or "en")
        person = self.engine.store.join(name, str(given.get("role") or ""), language, given.get("username"))
        self.engine.publish_person(person)
        return reply(self.engine.describe(person))

    async def messages(self, request: web.Request) -> web.Response:
        """All messages of the chat, or with `?after=N` those changed after event N."""
        after = number(request.query, "after", 0)
        chat = self.engine.store.chat(self._person(request).chat_id)
        return reply([entry.view() for entry in chat if entry.event > after], seen=self.engine.events.last)

    async def text(self, request: web.Request) -> web.Response:
        text = wanted(await read_json(request), "text")
        return reply(people.send_text(self.engine, self._person(request), text).view())

    async def edit(self, request: web.Request) -> web.Response:
        given = await read_json(request)
        message_id = int(number(given, "message_id", 0))
        return reply(people.edit_text(self.engine, self._person(request), message_id, wanted(given, "text")).view())

    async def photo(self, request: web.Request) -> web.Response:
        files, caption = await _files(request)
        return _sent(await people.send_photos(self.engine, self._person(request), files, caption))

    async def document(self, request: web.Request) -> web.Response:
        files, caption = await _files(request)
        return _sent(people.send_documents(self.engine, self._person(request), files, caption))

    async def voice(self, request: web.Request) -> web.Response:
        files, seconds = await _files(request)
        return _sent([people.send_voice(self.engine, self._person(request), files[0], int(seconds or 1))])

    async def contact(self, request: web.Request) -> web.Response:
        given = await read_json(request)
        contact: Json = {key: wanted(given, key) for key in ("phone_number", "first_name")}
        if given.get("user_id"):
            contact["user_id"] = int(number(given, "user_id", 0))
        return reply(people.share_contact(self.engine, self._person(request), contact).view())

    async def press(self, request: web.Request) -> web.Response:
        given = await read_json(request)
        wait = min(number(given, "wait", PRESS_WAIT), LONGEST_WAIT)
        message_id = int(number(given, "message_id", 0))
        person = self._person(request)
        data = str(given.get("data", ""))
        return reply(await people.press_button(self.engine, person, message_id, data, wait))

    async def block(self, request: web.Request) -> web.Response:
        return self._blocked(request, True)

    async def unblock(self, request: web.Request) -> web.Response:
        return self._blocked(request, False)

    async def order_fault(self, request: web.Request) -> web.Response:
        given = await read_json(request)
        try:
            fault = Fault(
                Kind(wanted(given, "kind")),
                str(given.get("method", "*")),
                int(number(given, "times", 1)),
                number(given, "seconds", 1),
            )
        except ValueError as error:
            raise people.ClientRequestRefused(
                400, f"kind is one of {', '.join(Kind)}; times and seconds are numbers"
            ) from error
        if fault.kind in {Kind.MAIL_LATER, Kind.MAIL_NEVER}:
            self.mailbox.fail(fault.times, int(fault.kind))
        else:
            self.engine.faults.add(fault)
        return reply({})

    async def clear_faults(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler's form
        self.engine.faults.clear()
        self.mailbox.fail(0)
        return reply({})

    async def list_calls(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler's form
        return reply(list(self.bot_api.calls))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events; with `?wait=SECONDS` a list as soon as it is not empty, of one chat with `&chat_id=N`."""
        resumed = {"after": request.headers.get("Last-Event-ID") or request.query.get("after")}
        after = self.engine.events.last if resumed["after"] is None else int(number(resumed, "after", 0))
        after = min(after, self.engine.events.last)  # a greater number comes from an earlier sandbox
        if "wait" in request.query:
            return await self._next_events(request, after)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await stream.prepare(request)
        with suppress(ConnectionResetError):  # a closed page shows at the next event
            await stream.write(b"id: %d\n\n" % after)
            while not self.closing:
                for event in self.engine.events.after(after):
                    await stream.write(b"id: %d\ndata: %b\n\n" % (event.number, dumped(event.body)))
                    after = event.number
                if after == self.engine.events.last:
                    await self.engine.events.grow()
        return stream

    async def _next_events(self, request: web.Request, after: int) -> web.Response:
        chat_id = number(request.query, "chat_id", 0)
        wait = min(number(request.query, "wait", 0), LONGEST_WAIT)
        found: list[Json] = []
        try:
            async with asyncio.timeout(wait):
                while not (found or self.closing):
                    news = self.engine.events.after(after)
                    found = [one.body for one in news if chat_id in {0, one.body.get("chat_id")}]
                    after = self.engine.events.last
                    if not found:
                        await self.engine.events.grow()
        except TimeoutError:
            pass
        return reply(found, seen=after)

    def close(self) -> None:
        self.closing = True
        self.engine.events.wake()
        self.engine.callback_queries.abandon()
        self.engine.updates.wake()

    def _person(self, request: web.Request) -> Person:
        person = self.engine.store.people.get(int(request.match_info["chat_id"]))
        if person is None:
            raise people.ClientRequestRefused(404, "there is no such chat")
        return person

    def _blocked(self, request: web.Request, blocked: bool) -> web.Response:
        person = self._person(request)
        people.set_blocked(self.engine, person, blocked)
        return reply(self.engine.describe(person))


class NotANumber(ValueError):
    """A field is not a number; the text names it."""


def number(given: Mapping[str, Unchecked], key: str, default: float) -> float:
    try:
        return float(given.get(key, default))
    except (TypeError, ValueError) as error:
        raise NotANumber(key) from error


def wanted(given: Json, key: str) -> str:
    """A required text field. Raises ClientRequestRefused."""
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise people.ClientRequestRefused(400, f"{key} is missing")
    return value


async def _files(request: web.Request) -> tuple[list[Upload], str]:
    call = await read_call(request, limit=PERSON_LIMIT)
    if not call.files:
        raise people.ClientRequestRefused(400, "file is missing")
    return list(call.files.values()), call.text("caption")


def _sent(entries: list[Entry]) -> web.Response:
    return reply({"messages": [entry.view() for entry in entries]})
