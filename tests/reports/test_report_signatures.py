"""Three people sign: what they signed stays as it was, and a change to it is seen."""

import shutil
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

from reports.content.canonical import canonical
from reports.content.document import Amendment, Document, Status
from reports.signing.keyring import LostAuthority, key_of, people, renew, trusted
from reports.signing.sign import open_keys, print_report, sign
from reports.signing.signers import Hand, Holder, KeyFolder, Printed
from reports.signing.verify import Checked, Unreadable, check

HOUSE = "Sample District Hospital"
STAFF = (("doctor", "Dr Rao", "TN-48213"), ("pharmacist", "மீனா பிள்ளை", None), ("administrator", "Joseph Mathew", None))
HANDS = [Hand(role, 1, Holder(name, HOUSE, role, number), "Signed.") for role, name, number in STAFF]
WORD = "k7mq-2x9f-hhrt-8wzc"
SOUND = [Checked(role, name, True) for role, name, _ in STAFF]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    return KeyFolder(tmp_path_factory.mktemp("house") / "signing", b"sealed with this")


@pytest.fixture(scope="module")
def printed(amina: Document, keys: KeyFolder) -> Printed:
    return print_report(amina, HANDS, keys, WORD)


@pytest.fixture(scope="module", params=[Status.FINAL, Status.AMENDED, Status.ADDENDUM])
def any_printed(request: pytest.FixtureRequest, amina: Document, keys: KeyFolder) -> Printed:
    """A report in every state in which one leaves the house."""
    later = {} if request.param is Status.FINAL else {"version": 2, "amendment": Amendment(replaces=1, reason="Side.")}
    return print_report(replace(amina, status=request.param, **later), HANDS, keys, WORD)


def test_all_three_signatures_on_master_and_copy_are_sound(any_printed: Printed, keys: KeyFolder) -> None:
    assert check(any_printed.master, trusted(keys)) == SOUND
    assert check(any_printed.copy, trusted(keys), WORD) == SOUND


@pytest.mark.parametrize("number", ["TN-48213", "TN_48213 #2", "க்ஷி" * 16])
def test_no_name_or_number_is_too_long_or_too_strange_to_sign_with(
    number: str, amina: Document, tmp_path: Path
) -> None:
    """Its certificate has less room, and fewer letters, than the page: the signature is made all the same."""
    name = "க்ஷி" * 16
    hands = [Hand(role, 1, Holder(name, name, role, number), "Signed.") for role, _, _ in STAFF]
    keys = KeyFolder(tmp_path / "long", b"sealed with this")
    signed = print_report(amina, hands, keys, WORD)
    assert check(signed.master, trusted(keys)) == [Checked(role, name[:21], True) for role, _, _ in STAFF]
    assert key_of(keys, hands[0]).p12 == key_of(keys, hands[0]).p12


def test_the_first_signature_certifies_and_lets_only_the_waiting_fields_be_filled(printed: Printed) -> None:
    """All three fields are there in the revision that the doctor signed."""
    reader = PdfFileReader(BytesIO(printed.master))
    first = reader.embedded_signatures[0]
    assert first.docmdp_level.value == 2
    then = reader.get_historical_resolver(first.signed_revision)
    fields = then.root["/AcroForm"].get_object()["/Fields"]
    assert [field.get_object()["/T"] for field in fields] == [role for role, _, _ in STAFF]


def append(pdf: bytes) -> bytes:
    """As an editor does that keeps the signed bytes whole and adds another revision."""
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
    """One bit in the middle of what was signed."""
    at = pdf.index(b"stream", 30_000) + 40
    return pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]


@pytest.mark.parametrize("change", [append, note, flip])
def test_a_change_to_a_signed_report_is_seen_under_every_signature(
    change: Callable[[bytes], bytes], printed: Printed, keys: KeyFolder
) -> None:
    assert [one.sound for one in check(change(printed.master), trusted(keys))] == [False] * 3


def test_a_report_signed_under_another_authority_is_not_ours(printed: Printed, keys: KeyFolder, tmp_path: Path) -> None:
    """The same names, the same hospital's name, another key."""
    forger = KeyFolder(tmp_path / "forger", b"another")
    forged = sign(printed.master[: printed.master.index(b"%%EOF") + 6], open_keys(HANDS, forger))
    assert [one.sound for one in check(forged, trusted(keys))] == [False] * 3
    assert all(one.sound for one in check(forged, trusted(forger)))


def test_the_master_is_pdf_a_3_and_carries_the_canonical_content(printed: Printed, amina: Document) -> None:
    with pikepdf.open(BytesIO(printed.master)) as pdf:
        assert pdf.attachments["report.json"].get_file().read_bytes() == canonical(amina)
        assert pdf.open_metadata().pdfa_status == "3B"
        assert not pdf.is_encrypted


def test_the_copy_opens_with_its_passphrase_alone(printed: Printed, amina: Document) -> None:
    """AES-256 (V=5, R=6); nothing of the report can be read without it, its attachment least of all."""
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(BytesIO(printed.copy))
    with pikepdf.open(BytesIO(printed.copy), password=WORD) as pdf:
        assert (pdf.encryption.V, pdf.encryption.R, pdf.encryption.bits) == (5, 6, 256)
        assert pdf.encryption.file_method is pikepdf.models.encryption.EncryptionMethod.aesv3
        assert pdf.attachments["report.json"].get_file().read_bytes() == canonical(amina)
    for word in ("Amina", "Rao", "opacit", "R2026"):
        assert word.encode() not in printed.copy
    locked = PdfReader(BytesIO(printed.copy))
    locked.decrypt(WORD)
    assert len(locked.pages) == len(PdfReader(BytesIO(printed.master)).pages)


@pytest.mark.parametrize("noise", [b"", b"%PDF-1.7 no more", b"\x00" * 500])
def test_what_is_no_pdf_is_said_to_be_unreadable(noise: bytes, keys: KeyFolder) -> None:
    with pytest.raises(Unreadable):
        check(noise, trusted(keys))


def test_a_locked_copy_without_its_passphrase_is_unreadable(printed: Printed, keys: KeyFolder) -> None:
    with pytest.raises(Unreadable):
        check(printed.copy, trusted(keys), "k7mq-2x9f-hhrt-8wz2")


def said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@pytest.mark.skipif(
    not shutil.which("pdfsig"), reason="poppler's pdfsig is not installed: apt-get install poppler-utils"
)
def test_poppler_finds_three_valid_signatures(any_printed: Printed, tmp_path: Path) -> None:
    for name, pdf, more in (("master", any_printed.master, []), ("copy", any_printed.copy, ["-upw", WORD])):
        file = tmp_path / f"{name}.pdf"
        file.write_bytes(pdf)
        assert said("pdfsig", "-nocert", *more, file).count("Signature is Valid") == 3
        assert said("pdfsig", "-nocert", *more, file).count("- Total document signed") == 1
    file.write_bytes(flip(any_printed.master))
    assert "Signature is Valid" not in said("pdfsig", "-nocert", file)


@pytest.mark.skipif(not shutil.which("qpdf"), reason="qpdf is not installed: apt-get install qpdf")
def test_qpdf_finds_nothing_wrong(any_printed: Printed, tmp_path: Path) -> None:
    for name, pdf, more in (("master", any_printed.master, []), ("copy", any_printed.copy, [f"--password={WORD}"])):
        file = tmp_path / f"{name}.pdf"
        file.write_bytes(pdf)
        checked = subprocess.run(["qpdf", *more, "--check", file], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_a_key_lasts_until_what_it_says_of_its_holder_changes(keys: KeyFolder, tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "signing", b"sealed")
    hand = HANDS[0]
    first = key_of(keys, hand)
    assert key_of(keys, hand).p12 == first.p12
    renamed = hand._replace(holder=hand.holder._replace(name="Dr Rao-Iyer"))
    assert key_of(keys, renamed).p12 != first.p12
    assert {path.stat().st_mode & 0o777 for path in keys.path.iterdir()} == {0o600}
    assert keys.path.stat().st_mode & 0o777 == 0o700


def test_a_new_authority_leaves_old_reports_good(amina: Document, tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path / "signing", b"sealed")
    before = print_report(amina, HANDS, keys, WORD).master
    renew(keys, HOUSE)
    assert list(people(keys)) == []
    after = print_report(amina, HANDS, keys, WORD).master
    assert len(trusted(keys)) == 2
    assert check(before, trusted(keys)) == check(after, trusted(keys)) == SOUND


def test_keys_do_not_open_with_another_secret(amina: Document, keys: KeyFolder, printed: Printed) -> None:
    """No report is signed by an authority that came out of nowhere."""
    other = keys._replace(passphrase=b"not this one")
    with pytest.raises(LostAuthority):
        key_of(other, HANDS[0]._replace(account_id=2))
    assert "sealed" not in repr(keys)
