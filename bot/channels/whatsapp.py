"""Messages by WhatsApp through Twilio's API. Off unless the settings name a sender."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha1
from typing import Final, NamedTuple

from aiohttp import BasicAuth, ClientSession, ClientTimeout

from bot.settings import Settings

NO_NUMBER: Final = {21211, 21614, 63003, 63024}  # Twilio: no such number, or one that WhatsApp does not know
BUSY: Final = 429


class Note(NamedTuple):
    """What goes to one telephone: words without health data, and where Twilio fetches the locked copy."""

    to: str  # +91…
    words: str
    variables: Mapping[str, str]  # of the approved template, if there is one
    copy: str


class Unwhatsappable(Exception):
    """Refused for good. Carries a code alone."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class WhatsApp:
    """Raises Unwhatsappable where a retry is useless; anything else may be tried again."""

    def __init__(self, settings: Settings, site: str, account: str, token: str) -> None:
        self._settings, self._site, self._account, self._token = settings, site, account, token

    async def send(self, note: Note) -> str:
        """Twilio's SID of the message, by which it later tells how it fared."""
        url = f"{self._settings.twilio_api.rstrip('/')}/2010-04-01/Accounts/{self._account}/Messages.json"
        auth, patience = BasicAuth(self._account, self._token), ClientTimeout(total=30)
        async with (
            ClientSession(auth=auth, timeout=patience) as http,
            http.post(url, data=self._form(note)) as answer,
        ):
            if answer.status == BUSY or answer.status >= 500:
                answer.raise_for_status()
            told = await answer.json(content_type=None)
        if answer.status >= 400:
            raise Unwhatsappable(_reason(answer.status, told.get("code")))
        return str(told["sid"])

    def is_twilios(self, form: Mapping[str, str], signature: str) -> bool:
        """X-Twilio-Signature: HMAC-SHA1 with our token over the address and the sorted fields."""
        said = self.callback + "".join(f"{name}{form[name]}" for name in sorted(form))
        made = b64encode(hmac.new(self._token.encode(), said.encode(), sha1).digest())
        return hmac.compare_digest(made, signature.encode(errors="surrogateescape"))

    @property
    def callback(self) -> str:
        return f"{self._site}/twilio"

    def _form(self, note: Note) -> dict[str, str]:
        """A business may write first only with a template that WhatsApp approved; its variables then say it all."""
        form = {
            "From": f"whatsapp:{self._settings.whatsapp_from}",
            "To": f"whatsapp:{note.to}",
            "StatusCallback": self.callback,
        }
        if self._settings.whatsapp_template:
            return form | {
                "ContentSid": self._settings.whatsapp_template,
                "ContentVariables": json.dumps(dict(note.variables), ensure_ascii=False),
            }
        return form | {"Body": note.words, "MediaUrl": note.copy}


def whatsapp(settings: Settings) -> WhatsApp | None:
    """None where the clinic does not use it; `Settings` has seen to it that all or nothing is there."""
    account, token, site = settings.twilio_account_sid, settings.twilio_auth_token, settings.site
    if not settings.whatsapp_from or account is None or token is None or site is None:
        return None
    return WhatsApp(settings, site, account, token.get_secret_value())


def _reason(status: int, code: object) -> str:
    if status in {401, 403}:
        return "twilio"
    return "number" if code in NO_NUMBER else "whatsapp"
