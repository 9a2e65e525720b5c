"""PAdES signatures of the three signers, on the master and on the encrypted copy for email (ETSI EN 319 142)."""

import secrets
from collections.abc import Sequence
from io import BytesIO
from typing import Final

import pikepdf
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from reports.content.document import Document
from reports.pdf.render import render
from reports.signing.authority import EncryptedKey
from reports.signing.keyring import signing_key
from reports.signing.signers import KeyFolder, SignedReport, Signer

DIGEST: Final = "sha256"
RESERVED: Final = 12 * 1024  # hex digits per signature with certificates of the longest names; measuring costs another
OpenedSigners = Sequence[tuple[Signer, SimpleSigner]]


def issue_report(document: Document, signers: Sequence[Signer], keys: KeyFolder, passphrase: str) -> SignedReport:
    """Render once; sign the master; encrypt the copy, then sign it, because encryption would break signatures.

    Raises what `reports.pdf.render.render` raises, and AuthorityUnreadable."""
    pdf, opened = render(document), open_keys(signers, keys)
    return SignedReport(sign(pdf, opened), sign(encrypt(pdf, passphrase), opened, passphrase))


def open_keys(signers: Sequence[Signer], keys: KeyFolder) -> OpenedSigners:
    """Each signer with the decrypted key, once for all six signatures: decrypting takes as long as signing."""
    return [(signer, _open(signing_key(keys, signer))) for signer in signers]


def sign(pdf: bytes, signers: OpenedSigners, passphrase: str | None = None) -> bytes:
    """Sign in order. All signature fields exist before the first, certifying signature, which only allows filling them.

    `passphrase` opens an encrypted PDF. Calls `asyncio.run`: not usable in a thread with a running event loop.
    """
    for number, (signer, key) in enumerate(signers):
        writer = _writer(pdf, passphrase)
        if number == 0:
            for one, _ in signers:
                append_signature_field(writer, SigFieldSpec(one.role))
        signed = BytesIO()
        PdfSigner(_metadata(signer, certify=number == 0), key).sign_pdf(writer, bytes_reserved=RESERVED, output=signed)
        pdf = signed.getvalue()
    return pdf


def encrypt(pdf: bytes, passphrase: str) -> bytes:
    """Encrypt everything with AES-256 (revision 6). PDF/A forbids encryption, so the master is never encrypted.

    A passphrase with spaces opens it without them, too: as it is written it is the file's owner password."""
    encrypted, joined = BytesIO(), passphrase.replace(" ", "")
    owner = secrets.token_urlsafe(32) if joined == passphrase else passphrase
    with pikepdf.open(BytesIO(pdf)) as opened:
        opened.save(encrypted, encryption=pikepdf.Encryption(owner=owner, user=joined, R=6))
    return encrypted.getvalue()


def _writer(pdf: bytes, passphrase: str | None) -> IncrementalPdfFileWriter:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    if passphrase is not None:
        writer.encrypt(passphrase)  # type: ignore[no-untyped-call]  # opens an encrypted PDF
    return writer


def _metadata(signer: Signer, *, certify: bool) -> PdfSignatureMetadata:
    return PdfSignatureMetadata(
        field_name=signer.role,
        name=signer.holder.name,
        reason=signer.reason,
        md_algorithm=DIGEST,
        subfilter=SigSeedSubFilter.PADES,
        certify=certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )


def _open(key: EncryptedKey) -> SimpleSigner:
    opened: SimpleSigner = SimpleSigner.load_pkcs12_data(key.p12, (), key.passphrase)
    return opened
