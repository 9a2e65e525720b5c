"""Threat: one connection makes the bot hold more and more requests; operators' figures are read from outside."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.app import Engines
from bot.telegram.webhook import AUTH_HEADER, WEBHOOK_PATH
from tests.support.web import SECRET, Running, running

AT_ONCE = 40_000_000  # bytes of small requests whose answers nobody reads
MOST_HELD = 12_000_000  # bytes: the buffers of both sides of the connection, and some requests
PATIENCE = 1.0  # seconds without progress after which a connection counts as stopped
OPERATORS = ("/metrics", "/readyz")


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 500


def _post(path: str, *headers: str) -> bytes:
    head = "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", "Content-Length: 20", *headers, "", ""])
    return (head.encode() + b"x" * 20) * 500


REQUESTS = {
    "/healthz": _get("/healthz"),
    "/verify": _get("/verify/00000000"),
    "unknown": _get("/nowhere"),
    "wrong secret": _post(WEBHOOK_PATH, f"{AUTH_HEADER}: wrong"),
    "right secret": _post(WEBHOOK_PATH, f"{AUTH_HEADER}: {SECRET}"),
}


async def _sent_before_it_stops(clinic: Running, requests: bytes) -> int:
    """Bytes that the server took on one connection whose answers are never read."""
    host, port = clinic.address.removeprefix("http://").split(":")
    loop, sent = asyncio.get_running_loop(), 0
    with socket.socket() as client:
        client.setblocking(False)
        await loop.sock_connect(client, (host, int(port)))
        try:
            while sent < AT_ONCE:
                await asyncio.wait_for(loop.sock_sendall(client, requests), PATIENCE)
                sent += len(requests)
        except (TimeoutError, ConnectionError):
            pass
    return sent


@pytest.mark.slow
async def test_a_connection_whose_answers_nobody_reads_is_not_read_on(engines: Engines, tmp_path: Path) -> None:
    hook: dict[str, Any] = {"webhook_url": "http://127.0.0.1:1", "webhook_secret": SecretStr(SECRET)}
    async with running(engines, tmp_path, **hook) as clinic:
        taken = {name: await _sent_before_it_stops(clinic, requests) for name, requests in REQUESTS.items()}
        assert {name: sent for name, sent in taken.items() if sent > MOST_HELD} == {}
        assert (await clinic.http.get(clinic.address + "/healthz")).status == 200


@pytest.mark.slow
async def test_operators_endpoints_are_not_on_the_public_port(
    engines: Engines, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with running(engines, tmp_path, operator_port=None) as clinic:
        assert {(await clinic.http.get(clinic.address + path)).status for path in OPERATORS} == {404}
        assert (await clinic.http.get(clinic.address + "/healthz")).status == 200
        [own] = [record.address for record in caplog.records if "operators" in record.getMessage()]
        assert own.startswith("http://127.0.0.1:")
        assert own != clinic.address
        assert {(await clinic.http.get(own + path)).status for path in (*OPERATORS, "/healthz")} == {200}
        assert (await clinic.http.get(f"{own}/verify/00000000")).status == 404
