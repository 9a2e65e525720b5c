"""Bodies of requests, bounded in size and time: who sends one slowly, or leaves, keeps nothing open."""

import asyncio
from typing import Final

from aiohttp import web

PATIENCE: Final = web.AppKey("seconds for a body", float)
SECONDS: Final = 20.0
_BODY: Final = web.RequestKey("body", bytes)  # a form is read for its token, then for its fields


async def read_body(request: web.Request, most: int, seconds: float = SECONDS) -> bytes:
    """The whole body; a stated length is looked at before anything is read.

    Raises HTTPRequestEntityTooLarge above `most` bytes, HTTPRequestTimeout for one that does not end in time,
    HTTPBadRequest for one that breaks off."""
    if _BODY not in request:
        if (request.content_length or 0) > most:
            raise web.HTTPRequestEntityTooLarge(most, request.content_length or 0)
        try:
            async with asyncio.timeout(request.config_dict.get(PATIENCE, seconds)):
                request[_BODY] = await _collect(request, most)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except ConnectionError:
            raise web.HTTPBadRequest from None
    return request[_BODY]


async def _collect(request: web.Request, most: int) -> bytes:
    body = bytearray()
    async for part in request.content.iter_any():
        body += part
        if len(body) > most:
            raise web.HTTPRequestEntityTooLarge(most, len(body))
    return bytes(body)
