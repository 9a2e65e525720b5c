"""`csss run` and `csss worker` on a clock that can be put ahead and back: `python -c "…; main()" ROLE CLOCK`."""

import asyncio
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

from bot.app import build_app
from bot.backup.database import is_sqlite
from bot.data_folder import only_bot
from bot.observability.logs import configure_logging
from bot.services import utc_now
from bot.settings import Settings


def main() -> None:
    """Run in the role `bot`, `bot-without-worker` or `worker` until SIGTERM; CLOCK is a file of seconds ahead."""
    role, clock = sys.argv[1], Path(sys.argv[2])
    settings = Settings()
    configure_logging(settings.log)
    shared = not is_sqlite(settings.database_url)
    with only_bot(settings.data, settings.database_url, shared=shared):
        asyncio.run(_run(settings, role, clock))


async def _run(settings: Settings, role: str, clock: Path) -> None:
    def now() -> datetime:
        return utc_now() + timedelta(seconds=float(clock.read_text()))

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with build_app(settings, now=now) as app:
        if role == "worker":
            await app.work(stop)
        else:
            await app.run(stop, lambda _: None, with_worker=role == "bot")
