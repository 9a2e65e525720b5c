"""Files in a bucket of an S3-compatible service (needs the `s3` extra)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from models.files.store import NAME, StoredFile, Unavailable, place

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, RetryConfig, S3Credential

CONNECT: Final = timedelta(seconds=3)
REQUEST: Final = timedelta(seconds=40)  # for one attempt: the largest file, 20 MB, over 5 Mbit/s
RETRY: Final["RetryConfig"] = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=10),  # no attempt begins later
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
}
AWAY: Final = "the file service does not answer"
REFUSED: Final = "the file service refuses the key"
NO_BUCKET: Final = "the file service has no such bucket"
REDIRECTED: Final = "the file service names another region"
STATUS: Final = re.compile(r"status code: (\d{3})")
NOT_IMPLEMENTED: Final = "501"
MARK: Final = "installation"  # names the installation whose files these are
TAKEN: Final = "the file service has another file of this name"


class Bucket(NamedTuple):
    """The service's address, its bucket and the folder within (may be empty), and the key that opens it."""

    endpoint: str
    region: str
    name: str
    prefix: str
    key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"Bucket({self.name}/{self.prefix})"


class BucketStore:
    """A `FileStore`. Names are the folder's: a vault can be moved from one to the other.

    New files are put on condition that there is none (`If-None-Match: *`). What the service fails at is tried up to
    three times within a minute, then Unavailable is raised. Settings of AWS in the environment are not used."""

    def __init__(self, bucket: Bucket) -> None:
        credential: S3Credential = {
            "access_key_id": bucket.key_id,
            "secret_access_key": bucket.secret,
            "token": None,
            "expires_at": None,
        }
        options: ClientConfig = {
            "allow_http": bucket.endpoint.startswith("http://"),
            "connect_timeout": CONNECT,
            "timeout": REQUEST,
        }
        self._is_away = False
        self._trial = Lock()
        self._store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
            endpoint=bucket.endpoint.rstrip("/"),
            region=bucket.region,
            skip_signature=False,
            virtual_hosted_style_request=False,
            disable_bulk_delete=True,
            client_options=options,
            retry_config=RETRY,
            credential_provider=lambda: credential,
        )

    def read(self, name: str) -> bytes:
        with self._asked():
            return bytes(obstore.get(self._store, place(name)).bytes())

    def write(self, name: str, data: bytes, *, new: bool = False) -> None:
        path = place(name)
        try:
            with self._asked():
                obstore.put(self._store, path, data, mode="create" if new else "overwrite", use_multipart=False)
        except FileNotFoundError:
            raise Unavailable(NO_BUCKET) from None
        except AlreadyExistsError:  # an attempt whose answer was lost
            if self.read(name) != data:
                raise Unavailable(TAKEN) from None

    def size(self, name: str) -> int:
        with self._asked():
            return obstore.head(self._store, place(name))["size"]

    def has(self, name: str) -> bool:
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def delete(self, name: str) -> None:
        try:
            with self._asked():
                obstore.delete(self._store, place(name))
        except FileNotFoundError:
            return  # some services say so, S3 itself does not

    def files(self) -> Iterator[StoredFile]:
        for name, found in self._listed():
            yield StoredFile(name, found["size"])

    def names_before(self, before: datetime) -> set[str]:
        return {name for name, found in self._listed() if found["last_modified"] < before}

    def claim(self, mark: bytes) -> bool:
        with self._asked():
            try:
                obstore.put(self._store, MARK, mark, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return bytes(obstore.get(self._store, MARK).bytes()) == mark
        return True

    def _listed(self) -> Iterator[tuple[str, "ObjectMeta"]]:
        """The vault's files, by name; what else lies in the bucket is left alone."""
        pages = obstore.list(self._store)
        while True:
            with self._asked():
                page = next(pages, None)
            if page is None:
                return
            for one in page:
                name = one["path"].rpartition("/")[2]
                if NAME.fullmatch(name) and one["path"] == place(name):
                    yield name, one

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """While the service does not answer, one request at a time tries it and all others fail at once: waiting ones
        would soon take every thread of the process."""
        is_trial = self._is_away
        if is_trial and not self._trial.acquire(blocking=False):
            raise Unavailable(AWAY)
        try:
            with _translated():
                yield
            self._is_away = False
        except Exception as error:
            self._is_away = isinstance(error, Unavailable) and error.strerror == AWAY
            raise
        finally:
            if is_trial:
                self._trial.release()


@contextmanager
def _translated() -> Iterator[None]:
    """FileNotFoundError for a missing file, else Unavailable: the texts of the service's errors hold addresses."""
    try:
        yield
    except AlreadyExistsError:
        raise
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise Unavailable(NO_BUCKET) from None
        raise FileNotFoundError(2, "no such file in the bucket") from None
    except (PermissionDeniedError, UnauthenticatedError):
        raise Unavailable(REFUSED) from None
    except (BaseError, OSError) as error:
        raise Unavailable(_sentence(str(error))) from None


def _sentence(text: str) -> str:
    """By the status that the service answered; without one, or with a fault of its own, it counts as away."""
    if "NoSuchBucket" in text:
        return NO_BUCKET
    status = STATUS.search(text)
    if status is None or (status[1].startswith("5") and status[1] != NOT_IMPLEMENTED):
        return REDIRECTED if "redirect" in text.lower() else AWAY
    return REFUSED if status[1] in {"401", "403"} else f"the file service refuses the request (status {status[1]})"
