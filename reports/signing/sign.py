"""Three hands under one report: PAdES signatures on the master, and on the encrypted copy that travels by mail."""

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
from reports.signing.authority import SealedKey
from reports.signing.keyring import key_of
from reports.signing.signers import Hand, KeyFolder, Printed

DIGEST: Final = "sha256"
ROOM: Final = (
    12 * 1024
)  # hex digits for a signature and its certificates, names at their longest: measuring costs another
Signers = Sequence[tuple[Hand, SimpleSigner]]


def print_report(document: Document, hands: Sequence[Hand], keys: KeyFolder, passphrase: str) -> Printed:
    """Draw once, sign the master, and sign the copy after it was encrypted: the other way round breaks signatures."""
    drawn, signers = render(document), open_keys(hands, keys)
    return Printed(sign(drawn, signers), sign(encrypt(drawn, passphrase), signers, passphrase))


def open_keys(hands: Sequence[Hand], keys: KeyFolder) -> Signers:
    """Each hand with its key, opened: that costs as much as a signature, and one report bears six."""
    return [(hand, _signer(key_of(keys, hand))) for hand in hands]


def sign(pdf: bytes, signers: Signers, passphrase: str | None = None) -> bytes:
    """Sign in order. All fields are made before the first hand certifies: later ones may fill them, nothing else.

    `passphrase` opens a PDF that is encrypted already. Calls asyncio's `run`: not for a thread with a running loop.
    """
    for number, (hand, signer) in enumerate(signers):
        writer = _writer(pdf, passphrase)
        if number == 0:
            for one, _ in signers:
                append_signature_field(writer, SigFieldSpec(one.role))
        signed = BytesIO()
        PdfSigner(_metadata(hand, certify=number == 0), signer).sign_pdf(writer, bytes_reserved=ROOM, output=signed)
        pdf = signed.getvalue()
    return pdf


def encrypt(pdf: bytes, passphrase: str) -> bytes:
    """AES-256 (revision 6), pictures, text and attachment alike. PDF/A forbids it: never done to the master."""
    locked = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as opened:
        opened.save(locked, encryption=pikepdf.Encryption(owner=secrets.token_urlsafe(32), user=passphrase, R=6))
    return locked.getvalue()


def _writer(pdf: bytes, passphrase: str | None) -> IncrementalPdfFileWriter:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    if passphrase is not None:
        writer.encrypt(passphrase)  # type: ignore[no-untyped-call]  # it opens what is encrypted already
    return writer


def _metadata(hand: Hand, *, certify: bool) -> PdfSignatureMetadata:
    return PdfSignatureMetadata(
        field_name=hand.role,
        name=hand.holder.name,
        reason=hand.reason,
        md_algorithm=DIGEST,
        subfilter=SigSeedSubFilter.PADES,
        certify=certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )


def _signer(key: SealedKey) -> SimpleSigner:
    signer: SimpleSigner = SimpleSigner.load_pkcs12_data(key.p12, (), key.passphrase)
    return signer
