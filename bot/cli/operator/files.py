"""`csss files`: where pictures, reports and voice notes lie."""

import sys
from contextlib import ExitStack
from typing import Annotated

import typer

from bot.cli.refusal import fail
from bot.cli.settings import settings_or_exit
from bot.data_folder import InUse, only_bot, open_data_folder
from bot.files.copying import NotCopied, NotEncrypted, copy_files
from bot.files.places import bucket_store, folder_store, owner_mark
from bot.secrets import secret_key
from bot.settings import Settings
from models.files.store import FileStore, Unavailable

app = typer.Typer(help="Pictures, reports and voice notes.", no_args_is_help=True)


@app.callback()
def files() -> None:
    """Pictures, reports and voice notes: where they lie."""


@app.command()
def copy(
    to_folder: Annotated[bool, typer.Option("--to-folder", help="From the bucket back into the data folder.")] = False,
) -> None:
    """Copy every file from the data folder into the bucket of CSSS_FILES_BUCKET; each is read back and compared.

    The files stay encrypted, and the originals stay where they are. Safe to interrupt and to repeat."""
    settings = settings_or_exit()
    if not settings.files_bucket:
        fail(
            "CSSS_FILES_BUCKET is not set: it names the bucket, and CSSS_FILES_KEY_ID and CSSS_FILES_SECRET open it", 2
        )
    open_data_folder(settings.data)
    with ExitStack() as held:
        try:
            held.enter_context(only_bot(settings.data, settings.database_url))
            works = False
        except InUse:
            works = True
        try:
            total, new = _copy(settings, to_folder=to_folder)
        except Unavailable as error:
            fail(f"{error.strerror}: look at CSSS_FILES_BUCKET with `csss doctor`, then run this again")
        except OSError as error:
            fail(f"{settings.data} cannot be used ({error.strerror}): make room, then run this again")
        except NotEncrypted:
            fail("a file is not encrypted yet: run `csss db upgrade` without CSSS_FILES_BUCKET, then this again")
        except NotCopied:
            fail("a file came back with other content than it was given: run this again, and trust the original")
    typer.echo(f"{total} files, {new} of them new, each compared with its original.")
    typer.echo(_next_step(settings.files_bucket, to_folder=to_folder, works=works))


def _copy(settings: Settings, *, to_folder: bool) -> tuple[int, int]:
    folder, bucket = folder_store(settings), bucket_store(settings)
    if not bucket.claim(owner_mark(secret_key(settings))):
        fail(f"{settings.files_bucket} is another installation's: give each one a prefix of its own")
    source, target = (bucket, folder) if to_folder else (folder, bucket)
    return _with_progress(source, target)


def _with_progress(source: FileStore, target: FileStore) -> tuple[int, int]:
    total, new = sum(1 for _ in source.files()), 0
    with typer.progressbar(length=total, label="Files", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for is_new in copy_files(source, target):
            new += is_new
            bar.update(1)
    return total, new


def _next_step(bucket: str, *, to_folder: bool, works: bool) -> str:
    if works:
        return "A bot works here meanwhile: stop every `csss run` and `csss worker`, and run this once more."
    if to_folder:
        return (
            "Take CSSS_FILES_BUCKET out of the settings and start the bot. Empty the bucket once you have seen it work."
        )
    return (
        f"Set CSSS_FILES_BUCKET={bucket} and its CSSS_FILES_… for every process, run `csss doctor` and start the bot.\n"
        "Delete the folder `vault` of the data folder once you have seen it work: nobody is erased from there any more."
    )
