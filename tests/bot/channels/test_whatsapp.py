"""Reports by WhatsApp: a stub of Twilio's API checks the request, fetches the copy and reports the delivery status."""

import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha1
from io import BytesIO
from typing import Any, NamedTuple

import pikepdf
import pytest
from aiohttp import ClientSession, encode_basic_auth, web
from aiohttp.test_utils import TestServer, unused_port
from pydantic import SecretStr, ValidationError

from bot.app import Engines
from bot.dev.demo import DemoSettings
from bot.dev.sandbox.client.transcript import Message
from bot.jobs.cards import show_menu
from tests.support.account_steps import menu_of
from tests.support.jobs import settles, waits
from tests.support.people import Clinic, open_clinic
from tests.support.report_steps import PASSPHRASE
from tests.support.steps import until

ACCOUNT, TOKEN, SENDER = "AC" + "0" * 32, "a token of Twilio's", "+14155238886"


class Twilio:
    """Answers as Twilio does and records the requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.wrong: list[str] = []
        self.answers: list[tuple[int, dict[str, Any]]] = []

    async def messages(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != encode_basic_auth(ACCOUNT, TOKEN):
            return web.json_response({"code": 20003, "message": "Authenticate"}, status=401)
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.wrong += [name for name in ("From", "To") if not form[name].startswith("whatsapp:+")]
        self.requests.append(form)
        status, body = self.answers.pop(0) if self.answers else (201, {"sid": f"SM{len(self.requests):032}"})
        return web.json_response(body, status=status)


class Desk(NamedTuple):
    clinic: Clinic
    twilio: Twilio
    site: str

    async def released(self) -> None:
        """A released report of a patient who has shared her number."""
        await self.clinic.amina.sends("/whatsapp")
        await self.clinic.amina.sees("come by WhatsApp as well?")
        await self.clinic.amina.sends_contact("91 98765 43210")
        await self.clinic.amina.sees("From now on")
        await until(self.clinic, "released")

    async def status_callback(self, status: str, token: str = TOKEN) -> int:
        """Twilio's status callback, signed as its documentation requires."""
        form = {"MessageSid": f"SM{len(self.twilio.requests):032}", "MessageStatus": status}
        signed = f"{self.site}/twilio" + "".join(name + form[name] for name in sorted(form))
        signature = b64encode(hmac.new(token.encode(), signed.encode(), sha1).digest()).decode()
        return await self.posts(form, signature)

    async def posts(self, form: dict[str, str], signature: str) -> int:
        async with ClientSession() as http:
            headers = {"X-Twilio-Signature": signature}
            return (await http.post(f"{self.site}/twilio", data=form, headers=headers)).status


@pytest.fixture
async def desk(engines: Engines, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    twilio, app = Twilio(), web.Application()
    app.router.add_post(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", twilio.messages)
    port = unused_port()
    site = f"http://127.0.0.1:{port}"
    async with TestServer(app) as server:
        credentials = {"twilio_account_sid": ACCOUNT, "twilio_auth_token": SecretStr(TOKEN), "whatsapp_from": SENDER}
        where = {"twilio_api": str(server.make_url("")), "web_port": port, "public_url": site}
        async with open_clinic(engines, **where, **credentials, **getattr(request, "param", {})) as clinic:
            yield Desk(clinic, twilio, site)
    assert twilio.wrong == []


@pytest.mark.slow
async def test_the_locked_copy_comes_to_the_telephone_that_its_owner_shared(desk: Desk) -> None:
    """The text names no diagnosis; the link leads only to the copy that the passphrase in the chat opens."""
    await desk.released()
    notice: Message = await desk.clinic.amina.sees("Type this passphrase", timeout=30)
    await settles(desk.clinic)
    [sent] = desk.twilio.requests
    assert (sent["From"], sent["To"]) == (f"whatsapp:{SENDER}", "whatsapp:+919876543210")
    assert sent["StatusCallback"] == f"{desk.site}/twilio"
    assert sent["Body"].startswith("Demo Hospital: a document is ready")
    async with ClientSession() as http:
        copy = await (await http.get(sent["MediaUrl"])).read()
        [passphrase] = PASSPHRASE.findall(notice.text)
        with pikepdf.open(BytesIO(copy), password=passphrase) as pdf:
            assert len(pdf.pages) > 1
        for forged in (sent["MediaUrl"].replace("/1-", "/2-"), sent["MediaUrl"].replace("-17", "-27")):
            assert (await http.get(forged)).status == 404
    assert await desk.status_callback("delivered") == 204
    await desk.clinic.joseph.sends("/undelivered")
    await desk.clinic.joseph.sees("Every report has arrived")


async def test_where_whatsapp_is_on_the_patients_menu_says_so(desk: Desk) -> None:
    await show_menu(desk.clinic.app.services, desk.clinic.amina.chat_id)
    assert "whatsapp" in await menu_of(desk.clinic, desk.clinic.amina)


@pytest.mark.slow
async def test_what_twilio_could_not_deliver_is_told_and_a_forged_callback_is_not(desk: Desk) -> None:
    await desk.released()
    await settles(desk.clinic)
    assert await desk.status_callback("failed", token="guessed") == 403
    assert await desk.posts({"MessageStatus": "failed"}, "gueßed") == 403
    assert await desk.status_callback("undelivered") == 204
    await desk.clinic.amina.sees("could not be sent to your WhatsApp", timeout=30)
    await desk.clinic.joseph.sees("(WhatsApp: WhatsApp refused it)", timeout=30)


@pytest.mark.slow
async def test_a_busy_twilio_is_asked_again_and_a_wrong_number_is_not(desk: Desk) -> None:
    desk.twilio.answers = [(503, {}), (429, {"code": 20429}), (400, {"code": 21211, "message": "+919876543210 …"})]
    await desk.released()
    await waits(desk.clinic, "send_whatsapp")
    await settles(desk.clinic)
    assert len(desk.twilio.requests) == 3
    await desk.clinic.joseph.sees("(WhatsApp: no such number on WhatsApp)", timeout=30)


@pytest.mark.slow
@pytest.mark.parametrize("desk", [{"whatsapp_template": "HX1"}], indirect=True)
async def test_with_an_approved_template_its_variables_say_it_all(desk: Desk) -> None:
    await desk.released()
    await settles(desk.clinic)
    [sent] = desk.twilio.requests
    assert sent["ContentSid"] == "HX1"
    variables = json.loads(sent["ContentVariables"])
    assert (variables["1"], variables["2"][:6]) == ("Demo Hospital", "R2026-")
    assert variables["3"].startswith(f"{desk.site}/copies/1-")
    assert not {"Body", "MediaUrl"} & set(sent)


@pytest.mark.slow
async def test_somebody_elses_number_is_not_taken_and_stopping_stops(desk: Desk) -> None:
    await desk.clinic.amina.sends_contact("+919876543210", user_id=999)
    await desk.clinic.amina.sees("your own number")
    await desk.clinic.amina.sends_contact("+919876543210")
    await desk.clinic.amina.sends("/whatsapp")
    await desk.clinic.amina.presses("Stop WhatsApp")
    await desk.clinic.amina.sees("Your number is deleted")
    await until(desk.clinic, "released")
    await settles(desk.clinic)
    assert desk.twilio.requests == []


async def test_without_settings_it_is_off(clinic: Clinic) -> None:
    await clinic.amina.sends("/whatsapp")
    await clinic.amina.sees("does not send by WhatsApp")
    await clinic.amina.sends_contact("+919876543210")
    await clinic.amina.sees("I need a picture")


def test_half_the_settings_stop_the_start() -> None:
    with pytest.raises(ValidationError, match="CSSS_TWILIO_ACCOUNT_SID"):
        DemoSettings(bot_token=SecretStr("42:x"), whatsapp_from=SENDER)
