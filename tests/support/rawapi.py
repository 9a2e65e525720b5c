"""The Bot API called by plain HTTP, a clock that a test may move, and the specification's checker."""

import importlib.util
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np

BOTAPI = Path(__file__).parents[3] / "shared" / "botapi"


class Clock:
    """Unix seconds that a test may move."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


class Api:
    """Calls the Bot API by plain HTTP."""

    def __init__(self, session: aiohttp.ClientSession, base: str, token: str) -> None:
        self.session = session
        self.base = base
        self.url = f"{base}/bot{token}"
        self.files = f"{base}/file/bot{token}"

    async def call(self, method: str, **fields: Any) -> dict[str, Any]:
        async with self.session.post(f"{self.url}/{method}", json=fields) as answer:
            body = await answer.json()
            assert answer.status == body.get("error_code", 200)
            return body

    async def __call__(self, method: str, **fields: Any) -> Any:
        body = await self.call(method, **fields)
        assert body["ok"], body
        return body["result"]

    async def refusal(self, method: str, **fields: Any) -> str:
        body = await self.call(method, **fields)
        assert not body["ok"], body
        return body["description"]

    async def upload(self, method: str, files: dict[str, tuple[str, bytes]], **fields: str) -> dict[str, Any]:
        form = aiohttp.FormData(fields, quote_fields=False)
        for field, (name, data) in files.items():
            form.add_field(field, BytesIO(data), filename=name)
        async with self.session.post(f"{self.url}/{method}", data=form) as answer:
            return await answer.json()


def load_spec() -> Any:
    """The checker of requests and answers, or None where the specification is missing."""
    if not (BOTAPI / "api.json").is_file():
        return None
    loader = importlib.util.spec_from_file_location("specvalidator", BOTAPI / "specvalidator.py")
    assert loader is not None
    assert loader.loader is not None
    module = importlib.util.module_from_spec(loader)
    loader.loader.exec_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves closing its file to the garbage collector
        return module.SpecValidator(str(BOTAPI / "api.json"))


def complaints(spec: Any, calls: Any, *, requests: bool = False) -> list[str]:
    """Violations of the specification by answers and, on request, by accepted requests."""
    specified = [call for call in calls if call["method"].lower() in spec.lower and call["status"]]
    found = [error for call in specified for error in spec.check_response(call["method"], call["body"])]
    if requests:
        for call in specified:
            found += spec.check_request(call["method"], call["fields"], call["files"])
    return found


def png(width: int, height: int) -> bytes:
    ok, coded = cv2.imencode(".png", np.full((height, width), 128, np.uint8))
    assert ok
    return coded.tobytes()
