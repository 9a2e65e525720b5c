"""The house's secret and master keys: from the settings, or made once and kept where only we read them."""

import hmac
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from bot.settings import Settings
from models.crypto.keys import Masters
from reports.signing.signers import KeyFolder

KEY_FILE: Final = "secret.key"
MASTER_FILE: Final = "master.key"
WHOLE: Final = 32  # characters


def secret_key(settings: Settings) -> bytes:
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return _kept(settings.data / KEY_FILE)


def signing_keys(settings: Settings) -> KeyFolder:
    """Where the keys lie that sign reports, and what opens them."""
    return KeyFolder(settings.data / "signing", derive(secret_key(settings), "signing").hex().encode())


def master_keys(settings: Settings) -> Masters:
    """What wraps every person's data key, newest first. In a file each is a line of its own."""
    if settings.master_key is not None:
        return master_of(settings.master_key.get_secret_value())
    path = settings.data / MASTER_FILE
    return Masters(lambda: [_digest(line) for line in _kept(path).decode().split()])


def master_of(words: str) -> Masters:
    """From a setting: one key, or several after commas."""
    keys = [_digest(key) for key in words.split(",")]
    return Masters(lambda: keys)


def rotate_file(path: Path) -> None:
    """A new key before the old ones, which stay until everything is wrapped anew."""
    _replace(path, [secrets.token_hex(32), *_kept(path).decode().split()])


def retire_old(path: Path) -> None:
    _replace(path, path.read_text().split()[:1])


def derive(key: bytes, purpose: str) -> bytes:
    """A key of its own for each purpose, so that knowing one opens nothing else."""
    return hmac.new(key, purpose.encode(), sha256).digest()


def cut_short(settings: Settings) -> list[str]:
    """The key files that are no keys: half copied, say. Whoever made new ones in their place would seal beside them."""
    files = ((KEY_FILE, settings.secret_key, 0), (MASTER_FILE, settings.master_key, -1))  # one key, or several
    return [name for name, given, most in files if given is None and _is_cut(settings.data / name, most)]


def _is_cut(path: Path, most: int) -> bool:
    return path.exists() and min(map(len, path.read_bytes().split(maxsplit=most)), default=0) < WHOLE


def _kept(path: Path) -> bytes:
    """Made once: a kill leaves it whole or not there, and of two that make it at once one wins."""
    if not path.exists():
        made = _written(path, secrets.token_hex(32))
        with suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    return path.read_bytes()


def _replace(path: Path, lines: list[str]) -> None:
    _written(path, "\n".join(lines)).rename(path)


def _written(beside: Path, words: str) -> Path:
    """A file next to it, on the disk for good, and readable by nobody else at any moment."""
    handle, name = mkstemp(prefix=f"{beside.name}.", dir=beside.parent)
    with os.fdopen(handle, "w") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _digest(words: str) -> bytes:
    return sha256(words.strip().encode()).digest()
