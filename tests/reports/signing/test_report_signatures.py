"""Three people sign: signed content stays unchanged, and a change to it is detected."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils.generic import TextStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader

from models.vocabulary import ReportStatus
from reports.content.canonical import canonical
from reports.content.document import AmendmentSection, Document
from reports.signing.keyring import AuthorityUnreadable, renew, signer_certificates, signing_key, trusted_certificates
from reports.signing.sign import issue_report, open_keys, sign
from reports.signing.signers import Holder, KeyFolder, SignedReport, Signer
from reports.signing.verify import SignatureCheck, UnreadablePdf, check_signatures

HOSPITAL = "Sample District Hospital"
STAFF = (("doctor", "Dr Rao", "TN-48213"), ("pharmacist", "மீனா பிள்ளை", None), ("administrator", "Joseph Mathew", None))
SIGNERS = [Signer(role, 1, Holder(name, HOSPITAL, role, number), "Signed.") for role, name, number in STAFF]
WORD = "4821 0937 5566 0192 7340"
SOUND = [SignatureCheck(role, name, True) for role, name, _ in STAFF]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    return KeyFolder(tmp_path_factory.mktemp("house") / "signing", b"sealed with this")


@pytest.fixture(scope="module")
def signed_report(amina: Document, keys: KeyFolder) -> SignedReport:
    return issue_report(amina, SIGNERS, keys, WORD)


@pytest.fixture(scope="module", params=[ReportStatus.FINAL, ReportStatus.AMENDED, ReportStatus.ADDENDUM])
def any_report(request: pytest.FixtureRequest, amina: Document, keys: KeyFolder) -> SignedReport:
    """A report in every state in which one is released."""
    later = (
        {}
        if request.param is ReportStatus.FINAL
        else {"version": 2, "amendment": AmendmentSection(replaces=1, reason="Side.")}
    )
    return issue_report(replace(amina, status=request.param, **later), SIGNERS, keys, WORD)


@pytest.mark.slow
def test_all_three_signatures_on_master_and_copy_are_sound(any_report: SignedReport, keys: KeyFolder) -> None:
    assert check_signatures(any_report.master, trusted_certificates(keys)) == SOUND
    assert check_signatures(any_report.copy, trusted_certificates(keys), WORD) == SOUND


@pytest.mark.slow
@pytest.mark.parametrize("number", ["TN-48213", "TN_48213 #2", "க்ஷி" * 16])
def test_no_name_or_number_is_too_long_or_too_strange_to_sign_with(
    number: str, amina: Document, tmp_path: Path
) -> None:
    """A certificate has less room and fewer characters than the page; the signature succeeds all the same."""
    name = "க்ஷி" * 16
    long_signers = [Signer(role, 1, Holder(name, name, role, number), "Signed.") for role, _, _ in STAFF]
    keys = KeyFolder(tmp_path / "long", b"sealed with this")
    signed = issue_report(amina, long_signers, keys, WORD)
    assert check_signatures(signed.master, trusted_certificates(keys)) == [
        SignatureCheck(role, name[:21], True) for role, _, _ in STAFF
    ]
    assert signing_key(keys, long_signers[0]).p12 == signing_key(keys, long_signers[0]).p12


def test_the_first_signature_certifies_and_lets_only_the_waiting_fields_be_filled(signed_report: SignedReport) -> None:
    """All three fields exist in the revision that the doctor signed."""
    reader = PdfFileReader(BytesIO(signed_report.master))
    first = reader.embedded_signatures[0]
    assert first.docmdp_level.value == 2
    then = reader.get_historical_resolver(first.signed_revision)
    fields = then.root["/AcroForm"].get_object()["/Fields"]
    assert [field.get_object()["/T"] for field in fields] == [role for role, _, _ in STAFF]


def append(pdf: bytes) -> bytes:
    """Append a revision and leave the signed bytes unchanged, as an editor does."""
    writer, edited = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.root["/Pages"]["/Kids"][-1].get_object().raw_get("/Contents")
    writer.update_container(page)
    writer.write(edited)
    return edited.getvalue()


def note(pdf: bytes) -> bytes:
    writer, edited = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    writer.root["/Lang"] = TextStringObject("xx")
    writer.update_root()
    writer.write(edited)
    return edited.getvalue()


def flip(pdf: bytes) -> bytes:
    """Invert one bit in the middle of the signed bytes."""
    at = pdf.index(b"stream", 30_000) + 40
    return pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]


@pytest.mark.slow
@pytest.mark.parametrize("change", [append, note, flip])
def test_a_change_to_a_signed_report_is_seen_under_every_signature(
    change: Callable[[bytes], bytes], signed_report: SignedReport, keys: KeyFolder
) -> None:
    assert [one.is_valid for one in check_signatures(change(signed_report.master), trusted_certificates(keys))] == [
        False
    ] * 3


@pytest.mark.slow
def test_a_report_signed_under_another_authority_is_not_ours(
    signed_report: SignedReport, keys: KeyFolder, tmp_path: Path
) -> None:
    """The same names, the same hospital's name, another key."""
    forger = KeyFolder(tmp_path / "forger", b"another")
    forged = sign(signed_report.master[: signed_report.master.index(b"%%EOF") + 6], open_keys(SIGNERS, forger))
    assert [one.is_valid for one in check_signatures(forged, trusted_certificates(keys))] == [False] * 3
    assert all(one.is_valid for one in check_signatures(forged, trusted_certificates(forger)))


def test_the_master_is_pdf_a_3_and_carries_the_canonical_content(signed_report: SignedReport, amina: Document) -> None:
    with pikepdf.open(BytesIO(signed_report.master)) as pdf:
        assert pdf.attachments["report.json"].get_file().read_bytes() == canonical(amina)
        assert pdf.open_metadata().pdfa_status == "3B"
        assert not pdf.is_encrypted


def test_the_copy_opens_with_its_passphrase_alone(signed_report: SignedReport, amina: Document) -> None:
    """AES-256 (V=5, R=6); nothing of the report, its attachment included, can be read without it."""
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(BytesIO(signed_report.copy))
    with pikepdf.open(BytesIO(signed_report.copy), password=WORD.replace(" ", "")) as pdf:
        assert pdf.user_password_matched
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(BytesIO(signed_report.copy), password=WORD.replace(" ", "-"))
    with pikepdf.open(BytesIO(signed_report.copy), password=WORD) as pdf:
        assert (pdf.encryption.V, pdf.encryption.R, pdf.encryption.bits) == (5, 6, 256)
        assert pdf.encryption.file_method is pikepdf.models.encryption.EncryptionMethod.aesv3
        assert pdf.attachments["report.json"].get_file().read_bytes() == canonical(amina)
    for word in ("Amina", "Rao", "opacit", "R2026"):
        assert word.encode() not in signed_report.copy
    locked = PdfReader(BytesIO(signed_report.copy))
    locked.decrypt(WORD)
    assert len(locked.pages) == len(PdfReader(BytesIO(signed_report.master)).pages)


@pytest.mark.parametrize("noise", [b"", b"%PDF-1.7 no more", b"\x00" * 500])
def test_what_is_no_pdf_is_said_to_be_unreadable(noise: bytes, keys: KeyFolder) -> None:
    with pytest.raises(UnreadablePdf):
        check_signatures(noise, trusted_certificates(keys))


def test_a_locked_copy_without_its_passphrase_is_unreadable(signed_report: SignedReport, keys: KeyFolder) -> None:
    with pytest.raises(UnreadablePdf):
        check_signatures(signed_report.copy, trusted_certificates(keys), "k7mq-2x9f-hhrt-8wz2")


def said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.needs("pdfsig")
def test_poppler_finds_three_valid_signatures(any_report: SignedReport, tmp_path: Path) -> None:
    opened = ["-upw", WORD.replace(" ", "")]
    for name, pdf, more in (("master", any_report.master, []), ("copy", any_report.copy, opened)):
        file = tmp_path / f"{name}.pdf"
        file.write_bytes(pdf)
        assert said("pdfsig", "-nocert", *more, file).count("Signature is Valid") == 3
        assert said("pdfsig", "-nocert", *more, file).count("- Total document signed") == 1
    file.write_bytes(flip(any_report.master))
    assert "Signature is Valid" not in said("pdfsig", "-nocert", file)


@pytest.mark.needs("qpdf")
def test_qpdf_finds_nothing_wrong(any_report: SignedReport, tmp_path: Path) -> None:
    for name, pdf, more in (("master", any_report.master, []), ("copy", any_report.copy, [f"--password={WORD}"])):
        file = tmp_path / f"{name}.pdf"
        file.write_bytes(pdf)
        checked = subprocess.run(["qpdf", *more, "--check", file], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_a_key_lasts_until_what_it_says_of_its_holder_changes(keys: KeyFolder, tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "signing", b"sealed")
    signer = SIGNERS[0]
    first = signing_key(keys, signer)
    assert signing_key(keys, signer).p12 == first.p12
    renamed = signer._replace(holder=signer.holder._replace(name="Dr Rao-Iyer"))
    assert signing_key(keys, renamed).p12 != first.p12
    assert {path.stat().st_mode & 0o777 for path in keys.path.iterdir()} == {0o600}
    assert keys.path.stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
def test_a_new_authority_leaves_old_reports_good(amina: Document, tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "signing", b"sealed")
    before = issue_report(amina, SIGNERS, keys, WORD).master
    renew(keys, HOSPITAL)
    assert list(signer_certificates(keys)) == []
    after = issue_report(amina, SIGNERS, keys, WORD).master
    assert len(trusted_certificates(keys)) == 2
    assert (
        check_signatures(before, trusted_certificates(keys))
        == check_signatures(after, trusted_certificates(keys))
        == SOUND
    )


def test_keys_do_not_open_with_another_secret(amina: Document, keys: KeyFolder, signed_report: SignedReport) -> None:
    """A new secret must not silently create a new certificate authority."""
    other = keys._replace(passphrase=b"not this one")
    with pytest.raises(AuthorityUnreadable):
        signing_key(other, SIGNERS[0]._replace(account_id=2))
    assert "sealed" not in repr(keys)
