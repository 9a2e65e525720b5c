"""Web Push: the example of RFC 8291, the token of RFC 8292, and hosts that get no request."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from bot.channels.push import Notice, PushDelayed, PushRefused, SubscriptionGone, WebPush
from bot.channels.push_encryption import encrypt
from bot.dev.demo import DemoSettings
from bot.secrets import push_key
from bot.settings import PUSH_SERVICES
from tests.support.push_service import decode, decrypt, encode, public, push_service

NOTICE = Notice({"body": "Something waits."}, "waits", urgent=False, lifetime=timedelta(hours=1))
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SECRET = b"a secret key of thirty-two signs"
# RFC 8291, section 5 and appendix A (https://www.rfc-editor.org/rfc/rfc8291): keys and the encrypted message
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER, RECEIVER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
RECEIVER_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH, SALT = "BTBZMqHH6r4Tts7J_aSIgg", "DGv6ra1nlYgDCS1FRnbzlw"
MESSAGE = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def _key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(text)), ec.SECP256R1())


def _client(*hosts: str) -> WebPush:
    return WebPush(hosts or PUSH_SERVICES, push_key(SECRET), "desk@example.org", lambda: NOW)


def _target(**other: str) -> dict[str, str]:
    return {"endpoint": "https://fcm.googleapis.com/x", "p256dh": RECEIVER_PUBLIC, "auth": AUTH} | other


def test_the_example_of_rfc_8291_comes_out_to_the_letter_and_is_read_as_a_browser_reads_it() -> None:
    message = encrypt(PLAIN, decode(RECEIVER_PUBLIC), decode(AUTH), _key(SENDER), decode(SALT))
    assert encode(message) == MESSAGE
    assert decrypt(message, _key(RECEIVER), decode(AUTH)) == PLAIN


def test_the_key_is_the_same_after_each_start_and_another_for_another_secret() -> None:
    assert public(push_key(SECRET)) == public(push_key(SECRET)) != public(push_key(SECRET + b"!"))


async def test_a_push_service_reads_who_sends_for_how_long_and_where_to() -> None:
    async with push_service() as (service, _):
        client = _client("127.0.0.1")
        await client.send(service.subscription(), NOTICE)
        await client.send(service.subscription(), NOTICE._replace(topic="urgent", urgent=True))
        first, second = service.came
        assert first.text == {"body": "Something waits."}
        shown = [(one.headers["TTL"], one.headers["Topic"], one.headers["Urgency"]) for one in service.came]
        assert shown == [("3600", "waits", "normal"), ("3600", "urgent", "high")]
        scheme, _, rest = first.headers["Authorization"].partition(" ")
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert (scheme, fields["k"]) == ("vapid", client.public_key)
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(fields["k"]))
        unexpired = {"verify_exp": False}
        claims = jwt.decode(fields["t"], sender, ["ES256"], audience=service.base, options=unexpired)
        assert claims["sub"] == "mailto:desk@example.org"
        assert NOW.timestamp() < claims["exp"] <= NOW.timestamp() + 86_400, "RFC 8292 allows a day"
        assert first.headers["Authorization"] != second.headers["Authorization"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, SubscriptionGone), (410, SubscriptionGone), (429, PushDelayed), (503, PushDelayed), (403, PushRefused)],
)
async def test_refusals_are_told_apart_and_name_no_endpoint(status: int, error: type[Exception]) -> None:
    async with push_service() as (service, _):
        service.answers, target = [status], service.subscription()
        with pytest.raises(error) as raised:
            await _client("127.0.0.1").send(target, NOTICE)
    assert target["endpoint"].rpartition("/")[2] not in f"{raised.value!r} {raised.value.__cause__}"


async def test_a_redirect_is_not_followed_and_a_service_that_is_away_delays() -> None:
    followed: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        followed.append(request.path)
        return web.Response(status=201)

    app = web.Application()
    app.router.add_route("*", "/elsewhere", elsewhere)
    async with push_service() as (service, _), TestServer(app) as other:
        service.answers = [307]
        target = service.subscription()
        service.base = f"http://127.0.0.1:{other.port}"  # named in the redirect
        with pytest.raises(PushRefused):
            await _client("127.0.0.1").send(target, NOTICE)
    assert (service.asked, followed) == (1, [])
    with pytest.raises(PushDelayed):
        await _client("127.0.0.1").send(_target(endpoint=f"http://127.0.0.1:{unused_port()}/x"), NOTICE)


def test_subscriptions_at_the_push_services_of_the_browsers_are_admitted() -> None:
    for endpoint in (
        "https://fcm.googleapis.com/fcm/send/fv3jabydF5c:APA91b",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QGuc",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAD%2b",
        "https://fcm.googleapis.com:443/x",
    ):
        assert _client().admits(_target(endpoint=endpoint)), endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com",
        "https://evil.example/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://evil.example\\@fcm.googleapis.com/x",
        "https://fcm.googleapis.com\\.evil.example/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilnotify.windows.com/x",
        "https://notify.windows.com/x",
        "https://fcm.googleapis.com/x\r\nHost: evil.example",
        "https://fcm.googleapis.com/" + "x" * 2000,
        "https://FCM.googleapis.com/\u0000",
        "file:///etc/passwd",
        "",
    ],
)
async def test_any_other_address_gets_no_request(endpoint: str) -> None:
    assert not _client().admits(_target(endpoint=endpoint))
    with pytest.raises(PushRefused):
        await _client().send(_target(endpoint=endpoint), NOTICE)


@pytest.mark.parametrize("other", [{"p256dh": ""}, {"p256dh": "é"}, {"p256dh": SALT}, {"auth": ""}, {"auth": "AAAA"}])
def test_unusable_keys_are_not_taken(other: dict[str, str]) -> None:
    assert not _client().admits(_target(**other))


@pytest.mark.parametrize("host", ["https://fcm.googleapis.com", "fcm.googleapis.com/x", "*", "*.*", "Fcm", ""])
def test_a_setting_that_is_no_host_stops_the_start(host: str) -> None:
    needed: dict[str, Any] = {"bot_token": "1:x", "push_services": [host]}
    with pytest.raises(ValidationError):
        DemoSettings(**needed)
