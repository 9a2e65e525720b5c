"""Signing keys on disk: the authority's, and one for each person and role, created at first use."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from models.crypto.atomic import write_atomic
from reports.signing.authority import (
    EncryptedKey,
    certificate,
    create_authority,
    fingerprint,
    is_current,
    issue_certificate,
)
from reports.signing.signers import Holder, KeyFolder, Signer

AUTHORITY: Final = "authority"


class AuthorityUnreadable(Exception):
    """The authority's key cannot be decrypted: the secret key is another one, or the file is damaged."""


def signing_key(folder: KeyFolder, signer: Signer) -> EncryptedKey:
    """The signer's key, created when missing, unreadable, expiring or certified for other data.

    Raises AuthorityUnreadable."""
    at = datetime.now(UTC)
    path = _path(folder, signer.key)
    if path.exists():
        stored = EncryptedKey(path.read_bytes(), folder.passphrase)
        if _is_good(stored, signer.holder, at):
            return stored
    created = issue_certificate(authority(folder, signer.holder.hospital), signer.holder, folder.passphrase, at)
    write_atomic(path, created.p12)
    return created


def authority(folder: KeyFolder, hospital: str) -> EncryptedKey:
    """The certificate authority, created at the first call. Raises AuthorityUnreadable."""
    path = _path(folder, AUTHORITY)
    if not path.exists():
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, create_authority(hospital, folder.passphrase, datetime.now(UTC)).p12, overwrite=False)
    stored = EncryptedKey(path.read_bytes(), folder.passphrase)
    try:
        _publish(folder, certificate(stored))
    except ValueError:
        raise AuthorityUnreadable from None
    return stored


def renew(folder: KeyFolder, hospital: str) -> EncryptedKey:
    """Replace the authority and all signing keys. Old certificates stay trusted, for reports signed before."""
    for path in folder.path.glob("*.p12"):
        path.unlink()
    return authority(folder, hospital)


def trusted_certificates(folder: KeyFolder) -> list[x509.Certificate]:
    """The certificates of the current and all former authorities."""
    return [x509.load_pem_x509_certificate(path.read_bytes()) for path in sorted(folder.path.glob("*.pem"))]


def signer_certificates(folder: KeyFolder) -> Iterator[tuple[str, x509.Certificate]]:
    """Name of each signer's key (`<account id>-<role>`) and its certificate."""
    for path in sorted(folder.path.glob("*-*.p12")):
        yield path.stem, certificate(EncryptedKey(path.read_bytes(), folder.passphrase))


def _is_good(stored: EncryptedKey, holder: Holder, at: datetime) -> bool:
    try:
        return is_current(certificate(stored), holder, at)
    except ValueError:
        return False


def _publish(folder: KeyFolder, authority_certificate: x509.Certificate) -> None:
    path = folder.path / f"{AUTHORITY}-{fingerprint(authority_certificate)[:16]}.pem"
    if not path.exists():
        write_atomic(path, authority_certificate.public_bytes(Encoding.PEM))


def _path(folder: KeyFolder, name: str) -> Path:
    return folder.path / f"{name}.p12"
