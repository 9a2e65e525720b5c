"""Three hands under one report: PAdES signatures on the master, and on the encrypted copy that travels by mail."""

import secrets
from collections.abc import Sequence
from io import BytesIO
from typing import Final

import pikepdf
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from reports.authority import SealedKey
from reports.document import Document
from reports.hands import Hand, KeyFolder, Printed
from reports.keyring import key_of
from reports.render import render

DIGEST: Final = "sha256"


def print_report(document: Document, hands: Sequence[Hand], keys: KeyFolder, passphrase: str) -> Printed:
    """Draw once, sign the master, and sign the copy after it was encrypted: the other way round breaks signatures."""
    drawn = render(document)
    return Printed(sign(drawn, hands, keys), sign(encrypt(drawn, passphrase), hands, keys, passphrase))


def sign(pdf: bytes, hands: Sequence[Hand], keys: KeyFolder, passphrase: str | None = None) -> bytes:
    """Sign in order. All fields are made before the first hand certifies: later ones may fill them, nothing else.

    `passphrase` opens a PDF that is encrypted already. Calls asyncio's `run`: not for a thread with a running loop.
    """
    for number, hand in enumerate(hands):
        writer = _writer(pdf, passphrase)
        if number == 0:
            for one in hands:
                append_signature_field(writer, SigFieldSpec(one.role))
        signed = BytesIO()
        PdfSigner(_metadata(hand, certify=number == 0), _signer(key_of(keys, hand))).sign_pdf(writer, output=signed)
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
