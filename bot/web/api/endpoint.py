"""An address of the API: its handler's annotations say what it takes and answers; the check before it is the pages'."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints

from aiohttp import web
from pydantic import ValidationError

from bot.services import Services
from bot.web.api.problems import Refusal, problem, refusal_of
from bot.web.api.shapes import Answer, Body, FieldProblem, Query
from bot.web.bodies import read_body
from bot.web.shared import tokens
from bot.web.shared.changes import CHANGES, Changes
from bot.web.shared.lists import CsvFile
from bot.web.shared.session import acting, person_of
from bot.web.verify import SECURITY_HEADERS, SERVICES
from handlers.ui.texts import Texts
from workflow.accounts.browsers import sessions as browsers
from workflow.actors import Actor
from workflow.audit.spreadsheet import csv_text
from workflow.errors import WorkflowError
from workflow.permissions import STAFF, Operation, require_proof

MAX_BODY: Final = 16_384  # bytes, as of a form
MAX_FIELDS: Final = 20  # fields of which an answer says that they are wrong


class Guest(NamedTuple):
    """A request before the sign-in."""

    request: web.Request
    services: Services


class Caller(NamedTuple):
    """A member of staff with a session. `text`: the token as it was sent."""

    services: Services
    changes: Changes
    texts: Texts
    actor: Actor
    token: tokens.Token
    text: str


ApiHandler = Callable[..., Awaitable[Answer | CsvFile | None]]


class Endpoint(NamedTuple):
    """`path`: below /api/v1, with names of the handler's parameters in braces. `permission`: None before the sign-in.

    `by_itself`: a program asks again and again; it is no use of the session, which may so lock and end."""

    method: str
    path: str
    handler: ApiHandler
    permission: Operation | None
    by_itself: bool = False


class Signature(NamedTuple):
    """Kinds of the parameters in the path, of the body and of the query, and the possible answers."""

    path: Mapping[str, type]
    body: type[Body] | None
    query: type[Query] | None
    answers: tuple[type, ...]


@cache
def signature_of(handler: ApiHandler) -> Signature:
    """Read from the annotations; a handler without an answer returns None (204)."""
    hints = get_type_hints(handler)
    answer = hints.pop("return")
    answers = get_args(answer) if get_origin(answer) is UnionType else (answer,)
    parameters = {name: hints[name] for name in list(inspect.signature(handler).parameters)[1:]}
    body, query = parameters.pop("body", None), parameters.pop("query", None)
    return Signature(parameters, body, query, tuple(one for one in answers if one is not NoneType))


def address(endpoint: Endpoint) -> str:
    """The path with a pattern for each parameter, so that any other text is an address that does not exist."""
    path = endpoint.path
    for name, kind in signature_of(endpoint.handler).path.items():
        pattern = "|".join(kind) if issubclass(kind, StrEnum) else "[1-9][0-9]{0,8}"
        path = path.replace(f"{{{name}}}", f"{{{name}:{pattern}}}")
    return path


def endpoint_handler(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Run the handler for a caller who may do its operation; for others what it is about does not exist."""

    async def checked(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        if endpoint.permission is None:
            return await _run(endpoint, request, Guest(request, services))
        caller = await _caller_of(request, services)
        try:
            require_proof(caller.actor, endpoint.permission, services.now())
            response = await _run(endpoint, request, caller)
        except WorkflowError as error:
            response = problem(refusal_of(error), caller.texts)
        except Refusal as refusal:
            response = problem(refusal, caller.texts)
        if not endpoint.by_itself and not caller.actor.locked:  # what unlocks is the password alone
            async with acting(services) as session:
                await browsers.touch(session, caller.token.number, services.now())
        return response

    return checked


async def _caller_of(request: web.Request, services: Services) -> Caller:
    """The person behind the bearer token; a cookie counts nothing here. Raises Refusal (401)."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal(401, headers={"WWW-Authenticate": "Bearer"})
    try:
        actor, token = await person_of(services, text.strip())
    except browsers.SessionEnded:
        raise Refusal(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from None
    if actor.role not in STAFF:  # a patient's page has tokens of the same kind
        raise Refusal(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    texts = services.catalogues.of(actor.language)
    return Caller(services, request.app[CHANGES], texts, actor, token, text.strip())


async def _run(endpoint: Endpoint, request: web.Request, call: Guest | Caller) -> web.StreamResponse:
    takes = signature_of(endpoint.handler)
    arguments: dict[str, Any] = {name: kind(request.match_info[name]) for name, kind in takes.path.items()}
    if takes.query is not None or request.query:
        arguments["query"] = _query(request, takes.query or Query)
    if takes.query is None:
        arguments.pop("query", None)
    if takes.body is not None:
        arguments["body"] = await _body(request, takes.body)
    match await endpoint.handler(call, **arguments):
        case None:
            return web.Response(status=204, headers=SECURITY_HEADERS)
        case CsvFile() as file:
            headers = {**SECURITY_HEADERS, "Content-Disposition": f'attachment; filename="{file.name}.csv"'}
            text = csv_text(file.head, file.rows)
            return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)
        case answer:
            body = answer.model_dump_json().encode()
            status = answer.http_status
            return web.Response(body=body, status=status, content_type="application/json", headers=SECURITY_HEADERS)


def _query(request: web.Request, shape: type[Query]) -> Query:
    """Raises Refusal (422) for a field that is unknown, wrong, or there twice."""
    if len(request.query) != len(set(request.query)):
        raise Refusal(422, "api.fields")
    try:
        return shape.model_validate(dict(request.query))
    except ValidationError as error:
        raise _wrong_fields(error, shape) from None


async def _body(request: web.Request, shape: type[Body]) -> Body:
    """Raises Refusal: 413 for a long body, 415 for anything but JSON in UTF-8, 400 for broken JSON, 422 for its fields.

    The length is looked at before the body is read."""
    charset = (request.charset or "utf-8").lower()
    if request.content_type != "application/json" or charset not in {"utf-8", "utf8"}:
        raise Refusal(415, "api.media_type")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(415, "api.media_type")
    try:
        body = await read_body(request, MAX_BODY)
    except web.HTTPRequestEntityTooLarge:
        raise Refusal(413, values={"most": MAX_BODY}) from None
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise _wrong_fields(error, shape) from None


def _wrong_fields(error: ValidationError, shape: type[Body] | type[Query]) -> Refusal:
    """Which fields are wrong and how; values, and names that are not ours, are left out."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in found):
        return Refusal(400, "api.no_json")
    names = (str(one["loc"][0]) if one["loc"] else "" for one in found)
    fields = [
        FieldProblem(field=name if name in shape.model_fields else "", problem=one["type"])
        for name, one in zip(names, found, strict=True)
    ]
    return Refusal(422, "api.fields", fields=fields[:MAX_FIELDS])
