"""Check of the bucket in which pictures and reports lie, by a file of its own."""

import asyncio
from typing import Final
from uuid import uuid4

from bot.files.places import bucket_store, folder_store, owner_mark
from bot.secrets import secret_key
from bot.self_check.outcome import Context, Outcome, green, red, yellow
from bot.self_check.records import has_secret_key
from bot.settings import Settings
from models.files.store import FileStore, Unavailable

PROBE: Final = b"written by csss doctor, which deletes it again"
LOOKED_AT: Final = 20  # files of the folder, or some more, that are looked for in the bucket


async def files(context: Context) -> Outcome:
    """The bucket keeps, lists, gives back and deletes a file, overwrites none, and is this installation's."""
    settings = context.settings
    if not settings.files_bucket:
        return green("in the data folder")
    mark = owner_mark(secret_key(settings)) if has_secret_key(context) else None
    return await asyncio.to_thread(_bucket, settings, mark)


def _bucket(settings: Settings, mark: bytes | None) -> Outcome:
    try:
        store = bucket_store(settings)
        return _fault(store, mark) or _left_behind(settings, store) or green(f"{settings.files_bucket}")
    except ModuleNotFoundError:
        return red("CSSS_FILES_BUCKET needs the `s3` extra", "pip install '.[s3]'")
    except Unavailable as error:
        return red(
            f"{settings.files_bucket}: {error.strerror}",
            "Look at CSSS_FILES_ENDPOINT, CSSS_FILES_REGION, CSSS_FILES_KEY_ID and CSSS_FILES_SECRET, at the network, "
            "the clock and the key's rights (read, write, list, delete); pictures are asked for again meanwhile.",
        )


def _fault(store: FileStore, mark: bytes | None) -> Outcome | None:
    name = str(uuid4())
    store.write(name, PROBE, new=True)
    try:
        whole = store.read(name) == PROBE and next(store.files(), None) is not None
        guarded = _refuses_a_second(store, name)
    finally:
        store.delete(name)
    if not whole or store.has(name):
        return red("the bucket gives back other files than it was given", "Ask those who run the service.")
    if not guarded:
        return yellow("the bucket overwrites files (no If-None-Match)", "Use a service that knows conditional writes.")
    if mark is not None and not store.claim(mark):
        return red("the bucket is another installation's", "Name a prefix of its own in CSSS_FILES_BUCKET.")
    return None


def _refuses_a_second(store: FileStore, name: str) -> bool:
    try:
        store.write(name, b"another", new=True)
    except Unavailable:
        return True
    return False


def _left_behind(settings: Settings, store: FileStore) -> Outcome | None:
    """The last file of the folder, which a copy reaches last, and others between."""
    names = [file.name for file in folder_store(settings).files()]
    if all(store.has(name) for name in names[:: -max(1, len(names) // LOOKED_AT)]):
        return None
    return yellow(
        "the data folder has files that the bucket has not",
        "Run `csss files copy`; where the bot has long worked with the bucket, delete the folder `vault`.",
    )
