"""The clinic's signing keys on disk: its authority's, and one for each person and role, made when first needed."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from reports.signing.authority import SealedKey, certificate, fingerprint, fits, found_authority, issue
from reports.signing.signers import Hand, Holder, KeyFolder

AUTHORITY: Final = "authority"


class LostAuthority(Exception):
    """The authority's key cannot be opened: the clinic's secret key is another one, or the file is damaged."""


def key_of(folder: KeyFolder, hand: Hand) -> SealedKey:
    """The person's key; a new one where there is none, or none that still says who this is."""
    at = datetime.now(UTC)
    path = _path(folder, hand.key)
    if path.exists():
        kept = SealedKey(path.read_bytes(), folder.passphrase)
        if _is_good(kept, hand.holder, at):
            return kept
    made = issue(authority(folder, hand.holder.hospital), hand.holder, folder.passphrase, at)
    _write(path, made.p12)
    return made


def authority(folder: KeyFolder, hospital: str) -> SealedKey:
    """The clinic's authority, founded at the first call. Raises LostAuthority."""
    path = _path(folder, AUTHORITY)
    if not path.exists():
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, found_authority(hospital, folder.passphrase, datetime.now(UTC)).p12, first=True)
    kept = SealedKey(path.read_bytes(), folder.passphrase)
    try:
        _publish(folder, certificate(kept))
    except ValueError:
        raise LostAuthority from None
    return kept


def renew(folder: KeyFolder, hospital: str) -> SealedKey:
    """A new authority, and so new keys for everybody. The old certificate stays: it still vouches for old reports."""
    for path in folder.path.glob("*.p12"):
        path.unlink()
    return authority(folder, hospital)


def trusted(folder: KeyFolder) -> list[x509.Certificate]:
    """The certificates of this authority and of those before it."""
    return [x509.load_pem_x509_certificate(path.read_bytes()) for path in sorted(folder.path.glob("*.pem"))]


def people(folder: KeyFolder) -> Iterator[tuple[str, x509.Certificate]]:
    """Each person's key by its name, with what its certificate says."""
    for path in sorted(folder.path.glob("*-*.p12")):
        yield path.stem, certificate(SealedKey(path.read_bytes(), folder.passphrase))


def _is_good(kept: SealedKey, holder: Holder, at: datetime) -> bool:
    try:
        return fits(certificate(kept), holder, at)
    except ValueError:
        return False


def _publish(folder: KeyFolder, own: x509.Certificate) -> None:
    path = folder.path / f"{AUTHORITY}-{fingerprint(own)[:16]}.pem"
    if not path.exists():
        _write(path, own.public_bytes(Encoding.PEM))


def _path(folder: KeyFolder, name: str) -> Path:
    return folder.path / f"{name}.p12"


def _write(path: Path, data: bytes, *, first: bool = False) -> None:
    """Whole or not at all; with `first`, of two who write at once the first one's file stays."""
    partial = path.with_name(f".{path.name}.{token_hex(4)}")
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        if first and not path.exists():
            os.link(partial, path)
        elif not first:
            partial.replace(path)
    except FileExistsError:
        pass
    finally:
        partial.unlink(missing_ok=True)
