"""Issues signed reports: the archived PDF and its encrypted copy, from a released scan or an approved amendment."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from aiogram.exceptions import TelegramForbiddenError
from aiogram.types import BufferedInputFile
from sqlalchemy.ext.asyncio import AsyncSession

from bot.patient_files import read_file, store_file
from bot.services import Services
from handlers.views.reports import VERIFY_PREFIX
from models.crypto.vault import Content
from models.tables.accounts import Account
from models.tables.amendments import AmendmentState
from models.tables.scans import AiFinding, Report, Scan
from models.vocabulary import Role, ScanStatus
from reports.content.canonical import content_hash
from reports.content.document import Document, Stamp
from reports.pdf.words import ReportTexts
from reports.signing.signers import Holder, Signer
from workflow.accounts import sessions
from workflow.errors import NotAllowed, NotFound, SessionLocked, StaleAction
from workflow.permissions import Permission
from workflow.reporting import amendments, builder, release
from workflow.scans import queries

SIGNING_ROLES: Final = (Role.DOCTOR, Role.PHARMACIST, Role.ADMINISTRATOR)
EFFECTIVE: Final = (AmendmentState.APPROVED, AmendmentState.ISSUED)
RecordIssue = Callable[[AsyncSession, int, release.IssuedFiles, datetime], Awaitable[Report]]


class SigningAccounts(NamedTuple):
    """The accounts that sign a version."""

    doctor: Account
    pharmacist: Account
    administrator: Account


async def issue_first_version(services: Services, scan_id: int) -> None:
    """Issue the first version of the report. Idempotent. The scan must have been released."""
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
    if scan.status is ScanStatus.REPORT_READY:
        return
    assert scan.reading is not None
    assert scan.prescription is not None
    assert scan.releaser is not None
    signers = SigningAccounts(scan.reading.doctor, scan.prescription.pharmacist, scan.releaser)
    await _issue(services, scan, await _document(services, scan), signers, release.record_report)


async def issue_amendment(services: Services, scan_id: int) -> None:
    """Issue a later version: the facts of the first with every amendment up to the last approved one. Idempotent."""
    async with services.sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        effective = [one for one in await amendments.amendments_of(session, scan_id) if one.state in EFFECTIVE]
    last = effective[-1] if effective else None
    if last is None or last.state is not AmendmentState.APPROVED:
        return
    assert scan.prescription is not None
    assert last.administrator is not None
    signers = SigningAccounts(last.doctor, scan.prescription.pharmacist, last.administrator)
    document = builder.apply_amendments(await _document(services, scan), effective)
    await _issue(services, scan, document, signers, amendments.record_issued)


async def _issue(
    services: Services, scan: Scan, plain: Document, signers: SigningAccounts, record: RecordIssue
) -> None:
    """Sign, store and record one version. A retry uses a new token and passphrase; those of a lost run are void."""
    token, passphrase = release.new_token(), release.new_passphrase()
    document = replace(plain, stamp=replace(plain.stamp, verify_url=await _verify_url(services, token)))
    signed = await services.pdf.issue(
        document, _signers(services, signers, document), services.signing_keys, passphrase
    )
    contents = (Content.REPORT, Content.COPY)
    files = [
        await store_file(services, scan.patient_id, pdf, content) for pdf, content in zip(signed, contents, strict=True)
    ]
    hashes = [sha256(pdf).hexdigest() for pdf in signed]
    issued = release.IssuedFiles(files[0], hashes[0], files[1], hashes[1], passphrase, token, content_hash(document))
    try:
        async with services.sessions.begin() as session:
            await record(session, scan.id, issued, services.now())
    except StaleAction:
        for file in files:
            await asyncio.to_thread(services.vault.delete, file)


async def build_draft(services: Services, scan_id: int) -> Document:
    """The report in its present state, marked on every page: preliminary once the doctor has signed, else a draft.

    Raises NotFound, or StaleAction before the analysis."""
    async with services.sessions() as session:
        scan = await session.get(Scan, scan_id)
        if scan is None:
            raise NotFound
        if scan.finding is None:
            raise StaleAction
        issued = [one for one in await amendments.amendments_of(session, scan_id) if one.state is AmendmentState.ISSUED]
    document = await _document(services, scan)
    if issued:
        document = builder.apply_amendments(document, issued)
    return replace(document, stamp=Stamp(draft=not builder.is_preliminary(scan)))


async def send_draft(services: Services, scan_id: int, chat_id: int) -> None:
    """Send the draft in the patient's language to the chat that requested it, if it is still permitted to see it.

    Not idempotent: a retry sends it again."""
    async with services.sessions() as session:
        actor = await sessions.actor_for(session, chat_id, services.now() - services.idle_limit)
        try:
            scan = actor and await queries.scan_for(session, scan_id, actor, Permission.SEE_DRAFT)
        except (NotAllowed, NotFound, SessionLocked):
            return
    if actor is None or scan is None or scan.released_at is not None:
        return
    document = await build_draft(services, scan_id)
    kind = "preliminary" if builder.is_preliminary(scan) else "draft"
    caption = services.catalogues.of(actor.language)(f"preview.{kind}", scan=scan_id)
    pdf = BufferedInputFile(await services.pdf.render(document), f"{kind}-{scan_id}.pdf")
    with suppress(TelegramForbiddenError):
        await services.bot.send_document(chat_id, pdf, caption=caption, protect_content=True)


async def _document(services: Services, scan: Scan) -> Document:
    assert scan.finding is not None
    pictures = await _pictures(services, scan)
    doubts = _doubts(services, scan.finding, scan.patient.language)
    async with services.sessions() as session:
        earlier = await queries.comparison_scans(session, scan)
    return builder.build_document(scan, pictures, services.issuer, services.now(), doubts, earlier)


async def _verify_url(services: Services, token: str) -> str:
    """The URL of the report's QR code: the web app's verification page, or the bot if the web app is not public."""
    if services.base_url is not None:
        return f"{services.base_url}/verify/{token}"
    return f"https://t.me/{(await services.bot.me()).username}?start={VERIFY_PREFIX}{token}"


def _signers(services: Services, signers: SigningAccounts, document: Document) -> list[Signer]:
    """The three signers, in the order of their steps."""
    texts, hospital = ReportTexts(document.language, document.zone), services.issuer.hospital.name
    return [_signer(role, account, hospital, texts) for role, account in zip(SIGNING_ROLES, signers, strict=True)]


def _signer(role: Role, account: Account, hospital: str, texts: ReportTexts) -> Signer:
    holder = Holder(account.name, hospital, role.value, account.registration_number_as(role))
    return Signer(role.value, account.id, holder, texts.text(f"signed.{role}_reason"))


def _doubts(services: Services, finding: AiFinding, language: str) -> str | None:
    """The reasons of an uncertain prediction, in the reader's language."""
    texts = services.catalogues.of(language)
    return " ".join(texts.plain(f"doubt.{doubt}") for doubt in finding.doubts) if finding.uncertain else None


async def _pictures(services: Services, scan: Scan) -> builder.Pictures:
    heatmap = scan.finding and scan.finding.heatmap_file
    return builder.Pictures(
        await read_file(services, scan.patient_id, scan.picture_file, Content.PICTURE),
        await read_file(services, scan.patient_id, heatmap, Content.HEAT_MAP) if heatmap else None,
    )
