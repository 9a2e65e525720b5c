"""WhatsApp messages through Twilio's API; used only if the settings name a sender."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha1
from typing import Final, NamedTuple

from aiohttp import ClientSession, ClientTimeout, encode_basic_auth

from bot.settings import Settings

UNKNOWN_NUMBER_CODES: Final = {21211, 21614, 63003, 63024}  # of Twilio: no such number, or not on WhatsApp
TOO_MANY_REQUESTS: Final = 429


class WhatsAppMessage(NamedTuple):
    """A message without health data, and the URL where Twilio fetches the encrypted copy of the report."""

    to: str  # +91…
    text: str
    variables: Mapping[str, str]  # of the approved template, if there is one
    copy_url: str


class WhatsAppRefused(Exception):
    """Permanently refused; carries only a reason code, the key of a `failure.*` sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WhatsApp:
    """Twilio client. `send` raises WhatsAppRefused where a retry is useless; other errors may be retried."""

    def __init__(self, settings: Settings, base_url: str, account: str, token: str) -> None:
        self._settings, self._base_url, self._account, self._token = settings, base_url, account, token

    async def send(self, message: WhatsAppMessage) -> str:
        """Send a message; returns Twilio's SID, which its status callback refers to."""
        url = f"{self._settings.twilio_api.rstrip('/')}/2010-04-01/Accounts/{self._account}/Messages.json"
        login = {"Authorization": encode_basic_auth(self._account, self._token)}
        async with (
            ClientSession(headers=login, timeout=ClientTimeout(total=30)) as http,
            http.post(url, data=self._form(message)) as response,
        ):
            if response.status == TOO_MANY_REQUESTS or response.status >= 500:
                response.raise_for_status()
            result = await response.json(content_type=None)
        if response.status >= 400:
            raise WhatsAppRefused(_reason(response.status, result.get("code")))
        return str(result["sid"])

    def is_signed_by_twilio(self, form: Mapping[str, str], signature: str) -> bool:
        """Check X-Twilio-Signature: HMAC-SHA1 with the auth token over the callback URL and the sorted fields."""
        signed = self.callback + "".join(f"{name}{form[name]}" for name in sorted(form))
        expected = b64encode(hmac.new(self._token.encode(), signed.encode(), sha1).digest())
        return hmac.compare_digest(expected, signature.encode(errors="surrogateescape"))

    @property
    def callback(self) -> str:
        return f"{self._base_url}/twilio"

    def _form(self, message: WhatsAppMessage) -> dict[str, str]:
        """The request's fields. WhatsApp requires an approved template for the first message of a business."""
        form = {
            "From": f"whatsapp:{self._settings.whatsapp_from}",
            "To": f"whatsapp:{message.to}",
            "StatusCallback": self.callback,
        }
        if self._settings.whatsapp_template:
            return form | {
                "ContentSid": self._settings.whatsapp_template,
                "ContentVariables": json.dumps(dict(message.variables), ensure_ascii=False),
            }
        return form | {"Body": message.text, "MediaUrl": message.copy_url}


def build_whatsapp(settings: Settings) -> WhatsApp | None:
    """The client, or None where WhatsApp is off. `Settings` guarantees that its settings are complete."""
    account, token, base_url = settings.twilio_account_sid, settings.twilio_auth_token, settings.base_url
    if not settings.whatsapp_from or account is None or token is None or base_url is None:
        return None
    return WhatsApp(settings, base_url, account, token.get_secret_value())


def _reason(status: int, code: object) -> str:
    if status in {401, 403}:
        return "twilio"
    return "number" if code in UNKNOWN_NUMBER_CODES else "whatsapp"
