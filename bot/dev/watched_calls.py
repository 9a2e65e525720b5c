"""Watches a sandbox's calls of the Bot API and mails, so that a process can be killed at a chosen one."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from bot.dev.sandbox import Mail, Sandbox

Matches = Callable[[dict[str, Any]], bool]


def call(method: str, words: str = "") -> Matches:
    """Match a request that Telegram has carried out and whose answer the bot will not receive."""
    return lambda made: made["method"] == method and words in str(made["fields"])


class Calls(deque[Any]):
    """The sandbox's record of calls; `watches` is called for each before its answer leaves."""

    watches: Callable[[dict[str, Any]], None] = staticmethod(lambda _: None)

    @classmethod
    def of(cls, sandbox: Sandbox) -> Self:
        """The calls of this sandbox, which is watched from now on."""
        if not isinstance(sandbox._bot_api.calls, cls):  # noqa: SLF001 - the sandbox is ours; it offers no such hook
            sandbox._bot_api.calls = cls(maxlen=5_000)  # noqa: SLF001
        return sandbox._bot_api.calls  # noqa: SLF001

    def append(self, made: Any) -> None:  # noqa: ANN401 - a call as JSON
        super().append(made)
        self.watches(made)


@contextmanager
def watched_mails(sandbox: Sandbox, caught: Callable[[Mail], None]) -> Iterator[None]:
    """Call `caught` when the mailbox has accepted a mail, before the sender gets the answer."""
    publish = sandbox.mailbox.on_mail

    def both(mail: Mail) -> None:
        publish(mail)
        caught(mail)

    sandbox.mailbox.on_mail = both
    try:
        yield
    finally:
        sandbox.mailbox.on_mail = publish
