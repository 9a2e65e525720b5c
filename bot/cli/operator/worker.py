"""`csss worker`: a process that only runs jobs, on any machine that reaches database, vault and keys."""

from typing import Annotated

import typer

from bot.backup.database import is_sqlite
from bot.cli.operator.queues import QUEUES
from bot.cli.refusal import fail
from bot.cli.run import AllowRoot, require_user, serve
from bot.cli.settings import settings_or_exit
from workflow.jobs import JobKind


def worker(
    queues: Annotated[
        str, typer.Option(help=f"Which kinds of jobs, separated by commas: {', '.join(QUEUES)}.")
    ] = ",".join(QUEUES),
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=32, help="Jobs at the same time; by default CSSS_WORKERS.")
    ] = None,
    allow_root: AllowRoot = False,
) -> None:
    """Run jobs only, beside `csss run` and other workers on one PostgreSQL database.

    Every process needs the same CSSS_DATA (pictures, keys), for example on a shared disk."""
    settings = settings_or_exit()
    require_user(allow_root)
    if is_sqlite(settings.database_url):
        fail("csss worker needs PostgreSQL (CSSS_DATABASE): with SQLite `csss run` does everything")
    if unknown := [name for name in queues.split(",") if name not in QUEUES]:
        fail(f"there is no queue {unknown[0]}: choose among {', '.join(QUEUES)}")
    kinds: set[JobKind] = set().union(*(QUEUES[name] for name in queues.split(",")))
    changed = settings if concurrency is None else settings.model_copy(update={"workers": concurrency})
    serve(changed, lambda app, stop: app.work(stop), sorted(kinds))
