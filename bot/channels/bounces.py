"""Bounced mail: the Message-ID of the original, read from a delivery status notification (RFC 3464)."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}>")
MAX_BYTES: Final = 5 * 1024 * 1024


def bounced_message_id(notice: bytes) -> str | None:
    """The Message-ID of a mail that failed permanently; None for a delay, an out-of-office reply or any other mail.

    Anybody can send such a notice: one that cannot be parsed is no bounce either."""
    try:
        found = _read_notice(notice[:MAX_BYTES])
    except Exception:  # noqa: BLE001 - the parser of mails has no base class for its errors
        return None
    return found if found is not None and MESSAGE_ID.fullmatch(found) else None


def _read_notice(notice: bytes) -> str | None:
    message = message_from_bytes(notice, policy=policy.default)
    parts = list(message.walk())
    statuses = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if not any(_failed(part) for part in statuses):
        return None
    return next((found for part in parts if (found := _original(part))), None)


def _failed(status: EmailMessage) -> bool:
    """Whether any recipient's block of fields has the action `failed`."""
    blocks = [block for block in status.get_payload() if not isinstance(block, str)]
    return any(str(block.get("Action", "")).strip().lower() == "failed" for block in blocks)


def _original(part: EmailMessage) -> str | None:
    """The original's Message-ID from the attached mail or its headers."""
    match part.get_content_type():
        case "message/rfc822":
            sent = part.get_content()
        case "text/rfc822-headers":
            raw = part.get_payload(decode=True)  # decoded as bytes: the named charset may be unknown
            sent = message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=policy.default)
        case _:
            return None
    return str(sent.get("Message-ID", "")).strip() or None
