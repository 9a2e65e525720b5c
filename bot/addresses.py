"""Addresses that may carry secrets, and the origin of the web chat."""

from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator

TELEGRAM_WEB: Final = "https://web.telegram.org"
LOOPBACK: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def is_loopback(host: str) -> bool:
    """Whether the host's name or address is this machine's own."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def require_confidential(address: str) -> str:
    """The address, if it is one of https, or of http to this machine itself. Raises ValueError."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host))):
        raise ValueError("must begin with https://, or with http:// and this machine's own name: it carries secrets")
    return address


def web_chat_of(bot_api: str) -> str:
    """The origin that shows Mini Apps in a frame: the sandbox's own for a Bot API on this machine, else Telegram's."""
    parts = urlsplit(bot_api)
    return f"{parts.scheme}://{parts.netloc}" if is_loopback(parts.hostname or "") else TELEGRAM_WEB


ConfidentialUrl = Annotated[str, AfterValidator(require_confidential)]
