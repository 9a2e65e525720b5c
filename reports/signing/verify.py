"""Are the signatures under a report whole, and the clinic's own?"""

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


class Unreadable(ReportError):
    """No PDF, or one that this passphrase does not open."""


class Checked(NamedTuple):
    """One signature: whose, and whether nothing but later signatures was added to what they signed."""

    role: str
    name: str
    sound: bool


def check(pdf: bytes, trusted: Sequence[x509.Certificate], passphrase: str | None = None) -> list[Checked]:
    """Every signature in the order of signing; none at all for a PDF that nobody signed. Raises Unreadable.

    An edit that was appended leaves a signature intact, valid and trusted: only the bottom line tells.
    """
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # it prints what was changed, and that is health data
    roots = [_plain(one) for one in trusted]
    try:
        reader = PdfFileReader(BytesIO(pdf))
        if reader.encrypted:
            reader.decrypt(passphrase or "")
        signatures = list(reader.embedded_signatures)
    except PdfReadError as error:
        raise Unreadable from error
    checked = []
    for signature in signatures:
        status = validate_pdf_signature(signature, ValidationContext(trust_roots=roots, allow_fetching=False))
        holder = status.signing_cert.subject.native.get("common_name", "")
        checked.append(Checked(signature.field_name, holder, bool(status.bottom_line)))
    return checked


def _plain(one: x509.Certificate) -> Certificate:
    return Certificate.load(pem.unarmor(one.public_bytes(Encoding.PEM))[2])
