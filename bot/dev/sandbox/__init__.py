"""An embedded Telegram for demos and tests: a Bot API server, a web chat and a mailbox on loopback."""

from bot.dev.sandbox.api.display import Sample
from bot.dev.sandbox.client import Person, SandboxClient
from bot.dev.sandbox.mailbox import Mail, Mailbox
from bot.dev.sandbox.server import DEMO_TOKEN, NotOnLoopback, RealToken, Sandbox, SandboxRefused

__all__ = [
    "DEMO_TOKEN",
    "Mail",
    "Mailbox",
    "NotOnLoopback",
    "Person",
    "RealToken",
    "Sample",
    "Sandbox",
    "SandboxClient",
    "SandboxRefused",
]
