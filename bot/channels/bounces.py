"""A mail that came back: which of ours it was, from the notice that the mail server got (RFC 3464)."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

LARGEST: Final = 5 * 1024 * 1024


def returned(notice: bytes) -> str | None:
    """The Message-ID of the mail that failed for good. None for anything else: a delay, an out-of-office, a letter."""
    message = message_from_bytes(notice[:LARGEST], policy=policy.default)
    parts = list(message.walk())
    statuses = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if not any(_failed(part) for part in statuses):
        return None
    return next((found for part in parts if (found := _original(part))), None)


def _failed(status: EmailMessage) -> bool:
    """One block of fields for each recipient."""
    blocks = [block for block in status.get_payload() if not isinstance(block, str)]
    return any(str(block.get("Action", "")).strip().lower() == "failed" for block in blocks)


def _original(part: EmailMessage) -> str | None:
    """What was sent travels along, whole or its headers alone."""
    match part.get_content_type():
        case "message/rfc822":
            sent = part.get_content()
        case "text/rfc822-headers":
            raw = part.get_payload(decode=True)  # whatever charset it names, perhaps one that nobody knows
            sent = message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=policy.default)
        case _:
            return None
    return str(sent.get("Message-ID", "")).strip() or None
