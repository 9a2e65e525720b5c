"""The file store that the settings name."""

from typing import Final

from bot.secrets import derive
from bot.settings import Settings
from models.files.folder import FolderStore
from models.files.store import FileStore

VAULT: Final = "vault"


def file_store(settings: Settings) -> FileStore:
    """The bucket of CSSS_FILES_BUCKET, or the folder within the data folder. Asks nothing of the service."""
    return bucket_store(settings) if settings.files_bucket else folder_store(settings)


def folder_store(settings: Settings) -> FolderStore:
    return FolderStore(settings.data / VAULT)


def bucket_store(settings: Settings) -> FileStore:
    """The bucket of the settings, which must name one. Raises ModuleNotFoundError without the `s3` extra."""
    from models.files.bucket import Bucket, BucketStore  # noqa: PLC0415 - an extra

    assert settings.files_bucket
    assert settings.files_key_id
    assert settings.files_secret
    name, _, prefix = settings.files_bucket.removeprefix("s3://").strip("/").partition("/")
    region = settings.files_region
    return BucketStore(
        Bucket(
            settings.files_endpoint or f"https://s3.{region}.amazonaws.com",
            region,
            name,
            prefix,
            settings.files_key_id.get_secret_value(),
            settings.files_secret.get_secret_value(),
        )
    )


def owner_mark(secret: bytes) -> bytes:
    """The mark of this installation in its bucket, so that no other one removes files there."""
    return derive(secret, "files").hex().encode()
