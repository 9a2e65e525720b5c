"""A push service on this machine, and browsers that subscribe there: what comes is decrypted as RFC 8291 says."""

import asyncio
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def decrypt(body: bytes, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """RFC 8188 and 8291 from the browser's side, with HMAC alone."""
    salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
    sender, record = body[21 : 21 + length], body[21 + length :]
    assert len(record) <= size
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
    info = b"WebPush: info\0" + public(key) + sender + b"\x01"
    material = hmac.digest(hmac.digest(auth, shared, sha256), info, sha256)
    base = hmac.digest(salt, material, sha256)
    cek = hmac.digest(base, b"Content-Encoding: aes128gcm\0\x01", sha256)[:16]
    nonce = hmac.digest(base, b"Content-Encoding: nonce\0\x01", sha256)[:12]
    plain = AESGCM(cek).decrypt(nonce, record, None).rstrip(b"\0")
    assert plain.endswith(b"\x02"), "the delimiter of the last record"
    return plain[:-1]


class Push(NamedTuple):
    """A message that came: its headers and the decrypted text."""

    headers: dict[str, str]
    text: dict[str, str]


class PushService:
    """Takes messages for the subscriptions that it gave; `answers` are statuses in place of 201."""

    def __init__(self) -> None:
        self.base, self.answers, self.came = "", list[int](), list[Push]()
        self._changed = asyncio.Condition()
        self.asked = 0  # requests, refused ones too
        self._keys: dict[str, tuple[ec.EllipticCurvePrivateKey, bytes]] = {}

    def subscription(self) -> dict[str, str]:
        """A new subscription's fields, as the page's script sends them."""
        name, key, auth = encode(os.urandom(12)), ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self._keys[name] = key, auth
        return {"endpoint": f"{self.base}/push/{name}", "p256dh": encode(public(key)), "auth": encode(auth)}

    async def take(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.answers:
            return web.Response(status=self.answers.pop(0), headers={"Location": f"{self.base}/elsewhere"})
        body = decrypt(await request.read(), *self._keys[request.match_info["name"]])
        async with self._changed:
            self.came.append(Push(dict(request.headers), json.loads(body)))
            self._changed.notify_all()
        return web.Response(status=201)

    async def gets(self, number: int, within: float = 30) -> list[Push]:
        """All messages, once there are so many."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: len(self.came) >= number)
        return self.came


@asynccontextmanager
async def push_service() -> AsyncIterator[tuple[PushService, dict[str, Any]]]:
    """The service, and the setting that admits it."""
    service, app = PushService(), web.Application()
    app.router.add_post("/push/{name}", service.take)
    async with TestServer(app) as server:
        service.base = f"http://127.0.0.1:{server.port}"
        yield service, {"push_services": ["127.0.0.1"]}
