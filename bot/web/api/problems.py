"""Refusals as problem details (RFC 9457): a status, a stable key and a sentence, never a value or a traceback."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from secrets import token_hex
from typing import Final

from aiohttp import web

from bot.web.api.shapes import FieldProblem, Problem
from bot.web.shared.sign_in import SignInWrong, StaffOnly, TooOften
from bot.web.verify import SECURITY_HEADERS, SERVICES, preferred_language
from handlers.ui.texts import Texts
from workflow.accounts.browsers.sessions import SessionEnded
from workflow.errors import (
    CodeError,
    CodeTooSoon,
    LoginLocked,
    NotAllowed,
    NotFound,
    ProofMissing,
    SessionLocked,
    StaleAction,
    WorkflowError,
    WrongPassword,
)

logger = logging.getLogger(__name__)
CONTENT_TYPE: Final = "application/problem+json"
BEARER: Final = {"WWW-Authenticate": "Bearer"}
PAUSE: Final = timedelta(minutes=1)  # where a refusal for too many tries names no time
# the first that fits; what is not listed is a conflict with the state of things
STATUSES: Final[Sequence[tuple[type[WorkflowError], int]]] = (
    (SessionEnded, 401),
    (SignInWrong, 401),
    (SessionLocked, 403),
    (ProofMissing, 403),
    (StaffOnly, 403),
    (WrongPassword, 403),
    (NotFound, 404),
    (NotAllowed, 404),
    (TooOften, 429),
    (LoginLocked, 429),
    (CodeTooSoon, 429),
    (CodeError, 403),
)
# sentences that fit a program better than those of the chat
SENTENCES: Final[Sequence[tuple[type[WorkflowError], str]]] = (
    (SessionLocked, "web.locked_lead"),
    (LoginLocked, "web.sign_in_locked"),
    (StaleAction, "api.stale"),
)
KEYS: Final = {401: "error.browser_ended", 404: "api.not_there", 405: "api.method", 413: "api.too_large"}


class Refusal(Exception):
    """An answer that is a problem. `key`: of its sentence, for which `values` stand."""

    def __init__(
        self,
        status: int,
        key: str | None = None,
        *,
        values: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        fields: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(status)
        self.http_status, self.key = status, key or KEYS.get(status)
        self.values, self.headers, self.fields = values or {}, headers or {}, fields


def refusal_of(error: WorkflowError) -> Refusal:
    """The refusal: one for all that does not exist and all that the person may not do."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 409)
    if status == 404:
        return Refusal(404)
    key = next((key for kind, key in SENTENCES if isinstance(error, kind)), error.key)
    headers = {401: BEARER, 429: {"Retry-After": str(_seconds(error))}}.get(status)
    return Refusal(status, key, values=error.values, headers=headers)


def problem(refusal: Refusal, texts: Texts) -> web.Response:
    """The answer."""
    body = Problem(
        title=HTTPStatus(refusal.http_status).phrase,
        status=refusal.http_status,
        key=refusal.key,
        detail=texts.plain(refusal.key, **refusal.values) if refusal.key else None,
        fields=list(refusal.fields) or None,
    )
    headers = {**SECURITY_HEADERS, **refusal.headers}
    text = body.model_dump_json(exclude_none=True)
    return web.Response(body=text.encode(), status=refusal.http_status, content_type=CONTENT_TYPE, headers=headers)


def texts_of_request(request: web.Request) -> Texts:
    """In the language of the header Accept-Language, before somebody is known."""
    language = preferred_language(request.headers.get("Accept-Language", ""))
    return request.app[SERVICES].catalogues.of(language)


@web.middleware
async def answer_problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every refusal and every fault below /api as a problem; a fault is logged with the id that its answer names."""
    try:
        return await handler(request)
    except Refusal as error:
        refusal = error
    except WorkflowError as error:
        refusal = refusal_of(error)
    except web.HTTPException as error:
        allowed = {name: value for name, value in error.headers.items() if name == "Allow"}
        refusal = Refusal(error.status, headers=allowed)
    except Exception as fault:
        number = token_hex(4)
        logger.exception("request failed", extra={"error": type(fault).__name__, "error_id": number})
        refusal = Refusal(500, "error.fault", values={"number": number})
    return problem(refusal, texts_of_request(request))


async def refuse_expectation(request: web.Request) -> web.Response | None:
    """Let a caller go on who waits for leave to send a body; 417 for any other expectation."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the answer is sent yet
        return None
    return problem(Refusal(417), texts_of_request(request))


def _seconds(error: WorkflowError) -> int:
    wait = error.values.get("wait")
    return ceil((wait if isinstance(wait, timedelta) else PAUSE).total_seconds())
