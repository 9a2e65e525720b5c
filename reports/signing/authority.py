"""The hospital's certificate authority, and the signing keys that it certifies (X.509, ECDSA P-256)."""

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

VALIDITY: Final = timedelta(
    days=20 * 365
)  # a signature without external time stamp is valid as long as its certificate
MIN_REMAINING: Final = timedelta(days=10 * 365)  # a key whose certificate expires earlier is replaced before signing
CLOCK_SKEW: Final = timedelta(hours=1)  # tolerated between machines
NAME_ATTRIBUTES: Final = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.TITLE, NameOID.SERIAL_NUMBER)
PRINTABLE_STRING: Final = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]+")  # PrintableString (X.680), required for serialNumber


class EncryptedKey(NamedTuple):
    """A private key with its certificate, as passphrase-encrypted PKCS #12."""

    p12: bytes
    passphrase: bytes

    def __repr__(self) -> str:
        return "SealedKey(…)"


def create_authority(hospital: str, passphrase: bytes, at: datetime) -> EncryptedKey:
    """Create a self-signed certificate authority. Trusting its certificate means trusting all signatures under it."""
    key = generate_private_key(SECP256R1())
    name = _name(Holder(f"{hospital} CA", hospital))
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    builder = (
        _certificate(name, key, at, VALIDITY + VALIDITY).issuer_name(name).add_extension(constraints, critical=True)
    )
    builder = builder.add_extension(_usage(authority=True), critical=True)
    return _encrypt(key, builder.sign(key, SHA256()), passphrase)


def issue_certificate(authority: EncryptedKey, holder: Holder, passphrase: bytes, at: datetime) -> EncryptedKey:
    """Create a key and certificate for one person, restricted to document signatures."""
    ca_key, ca = _open(authority)
    key = generate_private_key(SECP256R1())
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())  # type: ignore[arg-type]  # it is P-256
    builder = _certificate(_name(holder), key, at, VALIDITY).issuer_name(ca.subject)
    builder = builder.add_extension(constraints, critical=True).add_extension(_usage(authority=False), critical=True)
    return _encrypt(key, builder.add_extension(issuer, critical=False).sign(ca_key, SHA256()), passphrase, [ca])


def certificate(encrypted: EncryptedKey) -> x509.Certificate:
    """The certificate. Raises ValueError for a wrong passphrase or a damaged file."""
    return _open(encrypted)[1]


def is_current(issued: x509.Certificate, holder: Holder, at: datetime) -> bool:
    """Whether the certificate names this holder and remains valid for at least MIN_REMAINING."""
    return issued.subject == _name(holder) and issued.not_valid_after_utc - at > MIN_REMAINING


def fingerprint(issued: x509.Certificate) -> str:
    """SHA-256 fingerprint of the certificate as 64 hex digits, as PDF viewers show it."""
    return issued.fingerprint(SHA256()).hex()


def _name(holder: Holder) -> x509.Name:
    number = holder.registration if PRINTABLE_STRING.fullmatch(holder.registration or "") else None
    values = (holder.name, holder.hospital, holder.role, number)
    pairs = zip(NAME_ATTRIBUTES, values, strict=True)
    return x509.Name([x509.NameAttribute(kind, _short(value)) for kind, value in pairs if value])


def _short(value: str) -> str:
    """At most 64 bytes of whole characters: RFC 5280's upper bound as the library applies it. The page is not cut."""
    return value.encode()[:64].decode(errors="ignore")


def _certificate(
    name: x509.Name, key: EllipticCurvePrivateKey, at: datetime, validity: timedelta
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(at - CLOCK_SKEW).not_valid_after(at + validity)
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


def _encrypt(
    key: EllipticCurvePrivateKey, own: x509.Certificate, passphrase: bytes, issuers: Iterable[x509.Certificate] = ()
) -> EncryptedKey:
    encryption = BestAvailableEncryption(passphrase)
    return EncryptedKey(pkcs12.serialize_key_and_certificates(b"csss", key, own, list(issuers), encryption), passphrase)


def _open(encrypted: EncryptedKey) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    key, own, _ = pkcs12.load_key_and_certificates(encrypted.p12, encrypted.passphrase)
    if not isinstance(key, EllipticCurvePrivateKey) or own is None:
        raise ValueError("not a P-256 signing key with a certificate")
    return key, own
