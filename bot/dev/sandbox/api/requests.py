"""Reading requests: parameters from the query, a form, multipart or JSON, and files within limits."""

from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from bot.dev.sandbox.api.calls import Call, Upload
from bot.dev.sandbox.api.responses import bad_request, too_large
from bot.dev.sandbox.files import NO_TYPE

BOT_LIMIT: Final = 50 * 1024 * 1024
PERSON_LIMIT: Final = 100 * 1024 * 1024
OVERHEAD: Final = 64 * 1024


async def read_call(request: web.Request, method: str = "", limit: int = BOT_LIMIT) -> Call:
    """Raises ApiError 413 when the files together exceed `limit` bytes."""
    if (request.content_length or 0) > limit + OVERHEAD:
        raise too_large()
    fields: dict[str, Any] = dict(request.query)
    files: dict[str, Upload] = {}
    match request.content_type:
        case "multipart/form-data":
            await _read_multipart(request, fields, files, limit)
        case "application/json":
            fields |= await _read_json(request)
        case "application/x-www-form-urlencoded":
            fields |= dict(parse_qsl((await request.read()).decode("utf-8", "replace"), keep_blank_values=True))
    return Call(method, fields, files)


async def read_json(request: web.Request) -> dict[str, Any]:
    """The JSON object in a request of the client API, empty when there is none."""
    return await _read_json(request)


async def _read_json(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body:
        return {}
    try:
        body = await request.json()
    except ValueError as error:
        raise bad_request("can't parse JSON object") from error
    if not isinstance(body, dict):
        raise bad_request("object expected as parameters")
    return {key: value for key, value in body.items() if value is not None}


async def _read_multipart(request: web.Request, fields: dict[str, Any], files: dict[str, Upload], limit: int) -> None:
    total = 0
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        data = await _read_part(part, limit + OVERHEAD - total)
        total += len(data)
        if part.filename is None:
            fields[part.name] = data.decode("utf-8", "replace")
        else:
            name = part.name if part.name not in files else f"{part.name}#{len(files)}"
            files[name] = Upload(part.filename, data, part.headers.get("Content-Type", NO_TYPE))


async def _read_part(part: BodyPartReader, room: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        data += chunk
        if len(data) > room:
            raise too_large()
    return bytes(data)
