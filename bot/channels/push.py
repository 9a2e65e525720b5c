"""Web Push: notices to subscribed browsers through their push services (RFC 8030), signed by this server (RFC 8292)."""

import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import jwt
from aiohttp import ClientError, ClientSession, ClientTimeout
from cryptography.hazmat.primitives.asymmetric import ec

from bot.addresses import is_loopback
from bot.channels.push_encryption import AUTH, CURVE, SALT, encrypt, point
from bot.secrets import push_key, secret_key
from bot.settings import Settings

# no user, no backslash, no white space: aiohttp cannot read another host from it than is read here
ENDPOINT: Final = re.compile(r"(https?)://([a-z0-9.-]{1,253})(:[0-9]{1,5})?/[!-\[\]-~]{0,1900}")
TOKEN_LIFETIME: Final = timedelta(hours=12)  # 24 at most
TIMEOUT: Final = ClientTimeout(total=15)
GONE: Final = frozenset({404, 410})
TOO_MANY_REQUESTS: Final = 429


class Notice(NamedTuple):
    """A short text. A newer one of the same topic takes the place of one that is still on its way."""

    text: Mapping[str, str]
    topic: str
    urgent: bool
    lifetime: timedelta  # for which a push service keeps it for a computer that is off


class SubscriptionGone(Exception):
    """The browser has ended its subscription."""


class PushRefused(Exception):
    """Permanently refused. Carries the status alone: an endpoint is a secret."""


class PushDelayed(Exception):
    """The push service does not answer, or asks to come later."""


class WebPush:
    """Sends to endpoints of the push services that the settings name, and to no other host."""

    def __init__(
        self, hosts: Collection[str], key: ec.EllipticCurvePrivateKey, contact: str, now: Callable[[], datetime]
    ) -> None:
        """`contact`: mail address for the push services. `key`: P-256, to which browsers bind their subscription."""
        self._hosts, self._key, self._contact, self._now = hosts, key, contact, now
        self.public_key = _encode(point(key.public_key()))

    def admits(self, target: Mapping[str, str]) -> bool:
        """Whether this is the subscription of a browser at one of the push services, with usable keys."""
        try:
            self._origin(target)
            ec.EllipticCurvePublicKey.from_encoded_point(CURVE, _decode(target["p256dh"]))
            return len(_decode(target["auth"])) == AUTH
        except (ValueError, PushRefused):
            return False

    async def send(self, target: Mapping[str, str], notice: Notice) -> None:
        """Raises SubscriptionGone, PushRefused, or PushDelayed where it may be sent again."""
        plain = json.dumps(dict(notice.text), ensure_ascii=False).encode()
        keys = _decode(target["p256dh"]), _decode(target["auth"])
        body = encrypt(plain, *keys, ec.generate_private_key(CURVE), os.urandom(SALT))
        headers = {
            "Authorization": self._authorization(self._origin(target)),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(notice.lifetime.total_seconds())),
            "Topic": notice.topic,
            "Urgency": "high" if notice.urgent else "normal",
        }
        try:
            async with (
                ClientSession(timeout=TIMEOUT) as http,
                http.post(target["endpoint"], data=body, headers=headers, allow_redirects=False) as response,
            ):
                status = response.status
        except (ClientError, TimeoutError, OSError) as error:
            raise PushDelayed(type(error).__name__) from None  # its text may name the endpoint
        if status in GONE:
            raise SubscriptionGone
        if status == TOO_MANY_REQUESTS or status >= 500:
            raise PushDelayed(status)
        if status >= 300:
            raise PushRefused(status)

    def _origin(self, target: Mapping[str, str]) -> str:
        """The push service of a subscription. Raises PushRefused for a host that the settings do not name.

        Only https at its own port; a service on this machine itself may have any port, and http."""
        found = ENDPOINT.fullmatch(target["endpoint"])
        if found is None or not self._is_listed(found[2]):
            raise PushRefused
        scheme, host, port = found[1], found[2], found[3] or ""
        if not is_loopback(host) and (scheme, port) not in {("https", ""), ("https", ":443")}:
            raise PushRefused
        return f"{scheme}://{host}{port.removesuffix(':443')}"

    def _is_listed(self, host: str) -> bool:
        return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in self._hosts)

    def _authorization(self, origin: str) -> str:
        claims = {"aud": origin, "exp": self._now() + TOKEN_LIFETIME, "sub": f"mailto:{self._contact}"}
        return f"vapid t={jwt.encode(claims, self._key, 'ES256')}, k={self.public_key}"


def build_web_push(settings: Settings, now: Callable[[], datetime]) -> WebPush | None:
    """The sender of notices; None without the desk's public address, or where no push service is named."""
    if settings.base_url is None or not settings.push_services:
        return None
    return WebPush(settings.push_services, push_key(secret_key(settings)), str(settings.mail_from), now)


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
