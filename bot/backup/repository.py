"""The folder of the backups: its key, its list of backups, its lock, and the removal of old ones."""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from bot.backup.errors import BackupError
from bot.backup.sealed import unseal
from models.crypto.atomic import write_atomic

HEAD: Final = "repository.json"
DESTROYED: Final = "destroyed-keys.txt"
MANIFEST: Final = "manifest"  # written last
FILES: Final = "files"  # the vault's files: a line "name sha256 key-id" each
SCRYPT: Final = {"n": 2**17, "r": 8, "p": 1}  # 128 MB, 0.4 s
STAMP: Final = "%Y%m%dT%H%M%SZ"
UNENCRYPTED: Final = "-"  # in place of a key's id
NAME: Final = re.compile(r"\d{8}T\d{6}Z")


class Repository(NamedTuple):
    """An opened repository."""

    folder: Path
    key: bytes

    def __repr__(self) -> str:
        return f"Repository({self.folder})"

    def copy_of(self, name: str) -> Path:
        """Where the copy of a vault file lies."""
        return self.folder / "vault" / name[:2] / name

    def text(self, backup: str, part: str) -> Iterator[str]:
        """The lines of a text part. Raises Damaged."""
        rest = b""
        for chunk in unseal(self.folder / backup / f"{part}.sealed", self.key, f"{backup}/{part}"):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.decode() for line in lines)
        if rest:
            yield rest.decode()

    def manifest(self, backup: str) -> dict[str, Any]:
        """Raises Damaged."""
        facts: dict[str, Any] = json.loads("".join(self.text(backup, MANIFEST)))
        return facts


def open_repository(folder: Path, passphrase: str, *, create: bool = False) -> Repository:
    """Open the repository; with `create` make it where there is none. Raises BackupError."""
    head = folder / HEAD
    if not head.exists():
        if not create:
            raise BackupError(f"{folder} holds no backups of CSSS: name their folder in CSSS_BACKUPS")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(head, json.dumps(_new_head(passphrase)).encode(), overwrite=False)
    return Repository(folder, _unwrap(head, passphrase))


def _new_head(passphrase: str) -> dict[str, Any]:
    salt, nonce = os.urandom(16), os.urandom(12)
    wrapped = AESGCM(_derive(passphrase, salt, **SCRYPT)).encrypt(nonce, AESGCM.generate_key(256), b"csss backup key")
    return {"format": 1, "scrypt": SCRYPT, "salt": salt.hex(), "nonce": nonce.hex(), "key": wrapped.hex()}


def _unwrap(head: Path, passphrase: str) -> bytes:
    try:
        stored = json.loads(head.read_bytes())
        salt, nonce, wrapped = (bytes.fromhex(stored[name]) for name in ("salt", "nonce", "key"))
        return AESGCM(_derive(passphrase, salt, **stored["scrypt"])).decrypt(nonce, wrapped, b"csss backup key")
    except InvalidTag:
        raise BackupError("the passphrase does not open these backups: look at CSSS_BACKUP_PASSPHRASE") from None
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"{head} is damaged: put it back from another copy of the backups") from None


def _derive(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt, 32, n, r, p).derive(passphrase.encode())


def backups_in(folder: Path) -> list[str]:
    """Names of the whole backups, oldest first; a name is the time in UTC. Needs no passphrase."""
    found = [path.parent.name for path in folder.glob(f"*/{MANIFEST}.sealed")]
    return sorted(name for name in found if NAME.fullmatch(name))


def time_of(backup: str) -> datetime:
    return datetime.strptime(backup, STAMP).replace(tzinfo=UTC)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Raises BackupError while another backup or restore runs on this folder."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("another backup runs on this folder: wait for its end") from None
        yield


def remove_unfinished(folder: Path) -> None:
    """Delete what killed runs left."""
    for path in folder.glob("*.partial"):
        shutil.rmtree(path)
    for path in (folder / "vault").glob("??/*.partial"):
        path.unlink()


def remove_old(repository: Repository, now: datetime, kept: timedelta) -> list[str]:
    """Delete backups older than `kept`, never the newest one, and copies that no backup names. Returns their names."""
    *earlier, newest = backups_in(repository.folder)
    removed = [name for name in earlier if time_of(name) < now - kept]
    for name in removed:
        (repository.folder / name / f"{MANIFEST}.sealed").unlink()  # first: half a backup must not look whole
        shutil.rmtree(repository.folder / name)
    destroyed = destroyed_keys(repository.folder)
    unused = {path.name for path in (repository.folder / "vault").glob("??/*")}
    for name in (newest, *(one for one in earlier if one not in removed)):
        if unused:
            unused -= {entry.name for entry in entries(repository, name) if entry.key_id not in destroyed}
    for name in unused:
        repository.copy_of(name).unlink(missing_ok=True)
    return removed


class Entry(NamedTuple):
    """A vault file in a backup: its name, the SHA-256 of the stored bytes, and its data key's id or UNENCRYPTED."""

    name: str
    sha256: str
    key_id: str


def entries(repository: Repository, backup: str) -> Iterator[Entry]:
    """Raises Damaged."""
    return (Entry(*line.split(" ")) for line in repository.text(backup, FILES))


def destroyed_keys(folder: Path) -> set[str]:
    """Ids of the data keys of erased people: what they encrypted is never restored."""
    path = folder / DESTROYED
    return set(path.read_text(encoding="ascii").split()) if path.exists() else set()


def note_destroyed(folder: Path, key_ids: Sequence[str]) -> None:
    """Add ids to the list. Idempotent. Raises OSError."""
    known = destroyed_keys(folder)
    if added := sorted(set(key_ids) - known):
        write_atomic(folder / DESTROYED, "".join(f"{key_id}\n" for key_id in sorted(known) + added).encode())
