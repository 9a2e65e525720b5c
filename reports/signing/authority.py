"""The clinic's own certificate authority, and the keys with which its people sign reports."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from reports.signing.signers import Holder

LASTS: Final = timedelta(days=20 * 365)  # without a time stamp from elsewhere a signature is good as long as its key's
HANDOVER: Final = timedelta(days=10 * 365)  # a key with less left is not signed with any more
SLACK: Final = timedelta(hours=1)  # another machine's clock may be behind ours
ORDER: Final = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.TITLE, NameOID.SERIAL_NUMBER)
PRINTABLE: Final = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]+")  # X.680: what a serialNumber may be written with


class SealedKey(NamedTuple):
    """A private key with its certificate, as PKCS #12 under a passphrase."""

    p12: bytes
    passphrase: bytes

    def __repr__(self) -> str:
        return "SealedKey(…)"


def found_authority(hospital: str, passphrase: bytes, at: datetime) -> SealedKey:
    """A new authority; whoever trusts its certificate trusts every signature made under it."""
    key = generate_private_key(SECP256R1())
    name = _name(Holder(f"{hospital} CA", hospital))
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    builder = _certificate(name, key, at, LASTS + LASTS).issuer_name(name).add_extension(constraints, critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    return _seal(key, builder.sign(key, SHA256()), passphrase)


def issue(authority: SealedKey, holder: Holder, passphrase: bytes, at: datetime) -> SealedKey:
    """A new key for one person, good for signing documents and nothing else."""
    ca_key, ca = _open(authority)
    key = generate_private_key(SECP256R1())
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())  # type: ignore[arg-type]  # it is P-256
    builder = _certificate(_name(holder), key, at, LASTS).issuer_name(ca.subject)
    builder = builder.add_extension(constraints, critical=True).add_extension(_usage(authority=False), critical=True)
    return _seal(key, builder.add_extension(known, critical=False).sign(ca_key, SHA256()), passphrase, [ca])


def certificate(sealed: SealedKey) -> x509.Certificate:
    """The public half. Raises ValueError for a wrong passphrase or a damaged file."""
    return _open(sealed)[1]


def fits(found: x509.Certificate, holder: Holder, at: datetime) -> bool:
    """Whether the certificate still says who this is, and lasts long enough for a report signed now."""
    return found.subject == _name(holder) and found.not_valid_after_utc - at > HANDOVER


def fingerprint(found: x509.Certificate) -> str:
    """SHA-256 of the certificate, 64 hex digits, as viewers show it."""
    return found.fingerprint(SHA256()).hex()


def _name(holder: Holder) -> x509.Name:
    number = holder.registration if PRINTABLE.fullmatch(holder.registration or "") else None
    values = (holder.name, holder.hospital, holder.role, number)
    said = [x509.NameAttribute(kind, _short(value)) for kind, value in zip(ORDER, values, strict=True) if value]
    return x509.Name(said)


def _short(value: str) -> str:
    """Whole characters of at most 64 bytes, the library's reading of RFC 5280's upper bound; the page has it whole."""
    return value.encode()[:64].decode(errors="ignore")


def _certificate(
    name: x509.Name, key: EllipticCurvePrivateKey, at: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(at - SLACK).not_valid_after(at + lasts)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _seal(
    key: EllipticCurvePrivateKey, own: x509.Certificate, passphrase: bytes, above: Iterable[x509.Certificate] = ()
) -> SealedKey:
    encryption = BestAvailableEncryption(passphrase)
    return SealedKey(pkcs12.serialize_key_and_certificates(b"csss", key, own, list(above), encryption), passphrase)


def _open(sealed: SealedKey) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    key, own, _ = pkcs12.load_key_and_certificates(sealed.p12, sealed.passphrase)
    if not isinstance(key, EllipticCurvePrivateKey) or own is None:
        raise ValueError("not a signing key of this clinic")
    return key, own
