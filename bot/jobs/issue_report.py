"""From a released scan to signed paper: the master that the clinic keeps, and the encrypted copy for the mail."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple

from aiogram.exceptions import TelegramForbiddenError
from aiogram.types import BufferedInputFile
from sqlalchemy.ext.asyncio import AsyncSession

from bot.jobs.files import fetch, keep
from bot.services import Clinic
from handlers.shared.verify_report import VERIFICATION
from models.crypto.vault import Content
from models.tables.amendments import AmendmentState
from models.tables.people import Account, Role
from models.tables.scans import Finding, Report, Scan, Status
from reports.content.canonical import content_hash
from reports.content.document import Document, Stamp
from reports.pdf.words import Words
from reports.signing.signers import Hand, Holder
from workflow.accounts import registration
from workflow.errors import ChatAsleep, NotAllowed, NotFound, StaleAction
from workflow.permissions import Verb
from workflow.reporting import amendments, builder, release
from workflow.scans import queries

SIGNING: Final = (Role.DOCTOR, Role.PHARMACIST, Role.ADMINISTRATOR)
PRINTED: Final = (AmendmentState.APPROVED, AmendmentState.ISSUED)
Record = Callable[[AsyncSession, int, release.Paper, datetime], Awaitable[Report]]


class Signers(NamedTuple):
    """Those who answer for a version."""

    doctor: Account
    pharmacist: Account
    administrator: Account


async def write_report(clinic: Clinic, scan_id: int) -> None:
    """The first version."""
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
    if scan.status is Status.REPORT_READY:
        return
    assert scan.reading is not None
    assert scan.prescription is not None
    assert scan.releaser is not None
    signers = Signers(scan.reading.doctor, scan.prescription.pharmacist, scan.releaser)
    await _print(clinic, scan, await _document(clinic, scan), signers, release.record_report)


async def write_amendment(clinic: Clinic, scan_id: int) -> None:
    """A later version: the same facts with all changes up to the one that was approved last."""
    async with clinic.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        made = [one for one in await amendments.changes(session, scan_id) if one.state in PRINTED]
    last = made[-1] if made else None
    if last is None or last.state is not AmendmentState.APPROVED:
        return
    assert scan.prescription is not None
    assert last.administrator is not None
    signers = Signers(last.doctor, scan.prescription.pharmacist, last.administrator)
    await _print(clinic, scan, builder.amend(await _document(clinic, scan), made), signers, amendments.record)


async def _print(clinic: Clinic, scan: Scan, plain: Document, signers: Signers, record: Record) -> None:
    """A retry prints anew, with another token and passphrase: those of a lost print open nothing."""
    token, passphrase = release.new_token(), release.new_passphrase()
    document = replace(plain, stamp=replace(plain.stamp, verify_url=await _address(clinic, token)))
    printed = await clinic.press.print(document, _hands(clinic, signers, document), clinic.signing, passphrase)
    contents = (Content.REPORT, Content.COPY)
    files = [await keep(clinic, scan.patient_id, pdf, what) for pdf, what in zip(printed, contents, strict=True)]
    hashes = [sha256(pdf).hexdigest() for pdf in printed]
    written = release.Paper(files[0], hashes[0], files[1], hashes[1], passphrase, token, content_hash(document))
    try:
        async with clinic.sessions.begin() as session:
            await record(session, scan.id, written, datetime.now(UTC))
    except StaleAction:
        for file in files:
            clinic.vault.drop(file)


async def draft(clinic: Clinic, scan_id: int) -> Document:
    """The report as it would be printed now: preliminary between the doctor's signature and the release, else a draft.

    It is marked so on every page. Raises NotFound or StaleAction."""
    async with clinic.sessions() as session:
        scan = await session.get(Scan, scan_id)
        if scan is None:
            raise NotFound
        if scan.finding is None:
            raise StaleAction
        made = [one for one in await amendments.changes(session, scan_id) if one.state is AmendmentState.ISSUED]
    document = await _document(clinic, scan)
    return replace(
        builder.amend(document, made) if made else document, stamp=Stamp(draft=not builder.is_preliminary(scan))
    )


async def send_draft(clinic: Clinic, scan_id: int, chat_id: int) -> None:
    """To whoever asked for it, if they may still see it, in the patient's language as the report will be."""
    async with clinic.sessions() as session:
        actor = await registration.actor_for(session, chat_id, datetime.now(UTC) - clinic.idle)
        try:
            scan = actor and await queries.scan_for(session, scan_id, actor, Verb.SEE_DRAFT)
        except (NotAllowed, NotFound, ChatAsleep):
            return
    if actor is None or scan is None or scan.released_at is not None:
        return
    document = await draft(clinic, scan_id)
    kind = "preliminary" if builder.is_preliminary(scan) else "draft"
    caption = clinic.catalogues.of(actor.language)(f"preview.{kind}", scan=scan_id)
    pdf = BufferedInputFile(await clinic.press.render(document), f"{kind}-{scan_id}.pdf")
    with suppress(TelegramForbiddenError):
        await clinic.bot.send_document(chat_id, pdf, caption=caption, protect_content=True)


async def _document(clinic: Clinic, scan: Scan) -> Document:
    assert scan.finding is not None
    pictures = await _pictures(clinic, scan)
    doubts = _doubts(clinic, scan.finding, scan.patient.language)
    async with clinic.sessions() as session:
        earlier = await queries.compared(session, scan)
    return builder.document(scan, pictures, clinic.letterhead, datetime.now(UTC), doubts, earlier)


async def _address(clinic: Clinic, token: str) -> str:
    """Where the report's QR code leads: the clinic's own page, or the bot where no such page is public."""
    if clinic.site is not None:
        return f"{clinic.site}/verify/{token}"
    return f"https://t.me/{(await clinic.bot.me()).username}?start={VERIFICATION}{token}"


def _hands(clinic: Clinic, signers: Signers, document: Document) -> list[Hand]:
    """Who signs, in the order in which they acted."""
    words, hospital = Words(document.language, document.zone), clinic.letterhead.hospital.name
    return [_hand(role, account, hospital, words) for role, account in zip(SIGNING, signers, strict=True)]


def _hand(role: Role, account: Account, hospital: str, words: Words) -> Hand:
    holder = Holder(account.name, hospital, role.value, account.number_as(role))
    return Hand(role.value, account.id, holder, words.say(f"signed.{role}_reason"))


def _doubts(clinic: Clinic, finding: Finding, language: str) -> str | None:
    """Why the model is uncertain, in the words of the report's reader."""
    texts = clinic.catalogues.of(language)
    return " ".join(texts.plain(f"doubt.{doubt}") for doubt in finding.doubts) if finding.uncertain else None


async def _pictures(clinic: Clinic, scan: Scan) -> builder.Pictures:
    heatmap = scan.finding and scan.finding.heatmap_file
    return builder.Pictures(
        await fetch(clinic, scan.patient_id, scan.picture_file, Content.PICTURE),
        await fetch(clinic, scan.patient_id, heatmap, Content.HEAT_MAP) if heatmap else None,
    )
