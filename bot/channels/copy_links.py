"""Signed links to the encrypted copy of a report, from which Twilio fetches it for WhatsApp."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from bot.secrets import derive

VALID_FOR: Final = timedelta(hours=24)


def copy_url(base_url: str | None, secret_key: bytes, report_id: int, at: datetime) -> str:
    """A link that is valid for a day. The copy itself is encrypted; its passphrase is in the patient's chat."""
    until = int((at + VALID_FOR).timestamp())
    return f"{base_url}/copies/{report_id}-{until}-{_signature(secret_key, report_id, until)}.pdf"


def is_valid(secret_key: bytes, report_id: int, until: int, signature: str, at: datetime) -> bool:
    """Whether the link was signed with this key and has not expired at `at`."""
    signed = hmac.compare_digest(_signature(secret_key, report_id, until), signature)
    return signed and until >= at.timestamp()


def _signature(secret_key: bytes, report_id: int, until: int) -> str:
    return hmac.new(derive(secret_key, "copies"), f"{report_id} {until}".encode(), sha256).hexdigest()
