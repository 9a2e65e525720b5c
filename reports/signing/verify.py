"""Validate the signatures of a report against the hospital's authorities."""

import logging
from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

from asn1crypto import pem
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from reports.content.document import ReportError


class UnreadablePdf(ReportError):
    """Not a PDF, or not decryptable with this passphrase."""


class SignatureCheck(NamedTuple):
    """One signature: its field, its signer, and whether it is trusted and only followed by further signatures."""

    role: str
    name: str
    is_valid: bool


def check_signatures(
    pdf: bytes, trusted: Sequence[x509.Certificate], passphrase: str | None = None
) -> list[SignatureCheck]:
    """All signatures in signing order; empty for an unsigned PDF. Raises UnreadablePdf.

    `is_valid` is pyHanko's bottom line: an appended edit leaves a signature intact, valid and trusted.
    """
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # it logs changed content, which is health data
    roots = [_as_asn1(one) for one in trusted]
    try:
        reader = PdfFileReader(BytesIO(pdf))
        if reader.encrypted:
            reader.decrypt(passphrase or "")
        signatures = list(reader.embedded_signatures)
    except PdfReadError as error:
        raise UnreadablePdf from error
    checks = []
    for signature in signatures:
        status = validate_pdf_signature(signature, ValidationContext(trust_roots=roots, allow_fetching=False))
        holder = status.signing_cert.subject.native.get("common_name", "")
        checks.append(SignatureCheck(signature.field_name, holder, bool(status.bottom_line)))
    return checks


def _as_asn1(one: x509.Certificate) -> Certificate:
    return Certificate.load(pem.unarmor(one.public_bytes(Encoding.PEM))[2])
