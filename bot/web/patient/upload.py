"""A picture by drag and drop: the chat's checks behind the decoder's walls, the chat's verb, the chat's refusals."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import ClassVar, Final, NamedTuple

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import PICTURE_BURST, Services
from bot.web.areas.guard import Visitor
from bot.web.bodies import read_body
from bot.web.patient.pages import MY
from bot.web.patient.sending import patient_id
from bot.web.shared.session import acting
from handlers.ui.texts import Texts
from inference.errors import Reason, Refused
from inference.intake import check_picture
from inference.upload.limits import MAX_BYTES
from models.base import read_only
from models.tables.accounts import load_patient_key
from models.tables.scans import Scan
from workflow import consent
from workflow.accounts import logins
from workflow.accounts.browsers import sessions as browsers
from workflow.accounts.files import proxies
from workflow.errors import AccountError, WorkflowError
from workflow.scans import cards, intake
from workflow.token_bucket import TokenBuckets

UPLOAD_ID: Final = re.compile(r"[0-9a-f]{32}")
SECONDS: Final = 180.0  # for one picture's bytes, over a slow line
MAX_AT_ONCE: Final = 6  # of all people, 20 MB each


class UploadsBusy(AccountError):
    """Too many pictures at once: of this person, or of all."""

    key: ClassVar[str] = "web.my_send_busy"


class TakenAlready(Exception):
    """The same sending of this picture came before: its answer was lost on the way."""


class Uploads:
    """Limits of uploads: their rate, as in the chat, and one at a time for each person, and few at once of all, which
    memory holds."""

    def __init__(self, pictures_per_hour: float) -> None:
        self._rates, self._people = TokenBuckets(PICTURE_BURST, pictures_per_hour / 3600), set[int]()

    @contextmanager
    def place(self, account_id: int) -> Iterator[None]:
        """Raises UploadsBusy."""
        full = len(self._people) >= MAX_AT_ONCE or account_id in self._people
        if full or not self._rates[str(account_id)].spend():
            raise UploadsBusy
        self._people.add(account_id)
        try:
            yield
        finally:
            self._people.discard(account_id)


class Sending(NamedTuple):
    """The session, the account of the patient whom the picture shows, and the page's id of this sending."""

    number: int
    patient_id: int
    upload_id: str


UPLOADS: Final = web.AppKey("uploads of patients", Uploads)


async def take(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Take one picture in for the person named in the address; JSON with the scan, or with what to do instead.

    A sending that is repeated under its id after a lost answer opens no second scan."""
    texts = visitor.texts
    try:
        with request.app[UPLOADS].place(visitor.actor.account_id or 0):
            scan = await _take(request, services, visitor)
    except (Refused, web.HTTPRequestEntityTooLarge) as refusal:
        reason = refusal.reason if isinstance(refusal, Refused) else Reason.TOO_LARGE
        return _answer(request, 422, message=texts.plain(f"upload.{reason}"))
    except UploadsBusy as refusal:
        return _answer(request, 429, message=texts.plain(refusal.key))
    except browsers.SessionEnded as refusal:
        return _answer(request, 401, message=texts.plain(refusal.key))
    except TakenAlready:
        return _answer(request, 200, message=texts.plain("web.my_send_taken_already"))
    except WorkflowError as refusal:
        return _answer(request, 409, message=texts.plain(refusal.key, **refusal.values))
    return _answer(request, 200, **_taken(scan, texts))


async def _take(request: web.Request, services: Services, visitor: Visitor) -> Scan:
    """Raises Refused, ConsentMissing, or like `_create` and `read_body`."""
    async with read_only(services.sessions) as session:
        patient = await proxies.act_for(session, visitor.actor, patient_id(request.query.get("for", "")))
        if not await consent.has_agreed(session, patient):
            raise consent.ConsentMissing
        secret = await load_patient_key(session, patient.account_id)
    sending = Sending(visitor.number, patient.account_id or 0, request.headers.get("X-Upload-Id", ""))
    data = await read_body(request, MAX_BYTES, SECONDS)
    checked = await services.decoder.run_upload(check_picture, data, services.decoder, services.classifier)
    files = await asyncio.to_thread(services.vault.put_picture, checked.original, checked.display, secret)
    try:
        async with acting(services) as session:
            upload = intake.Upload(*files, checked.modality, _album(request), checked.picture_hash)
            return await _create(session, services, sending, upload)
    except BaseException:
        for name in files:
            await asyncio.to_thread(services.vault.delete, name)
        raise


async def _create(session: AsyncSession, services: Services, sending: Sending, upload: intake.Upload) -> Scan:
    """Create the scan, once for each sending; then the chat asks what troubles the patient.

    Session and patient are read anew: the bytes may take minutes. Raises SessionEnded, NotFound, TakenAlready."""
    now, own = services.now(), await browsers.find(session, sending.number)
    if own is None:
        raise browsers.SessionEnded
    sender = browsers.actor_in(own, now, now - services.idle_limit)
    patient = await proxies.act_for(session, sender, sending.patient_id)
    if UPLOAD_ID.fullmatch(sending.upload_id):
        name = sha256(f"upload|{sender.account_id}|{sending.upload_id}".encode()).hexdigest()
        if not await logins.use_once(session, name, now):
            raise TakenAlready
    scan = await intake.create_scan(session, patient, upload, now)
    if own.chat_id is not None:
        await cards.enqueue_question(session, scan, own.chat_id, now)
    return scan


def _album(request: web.Request) -> str | None:
    """Pictures that are sent together are one album, as in the chat."""
    album = request.query.get("album", "")
    return f"web-{album}" if UPLOAD_ID.fullmatch(album) else None


def _taken(scan: Scan, texts: Texts) -> dict[str, object]:
    same = scan.same_as["scan"] if scan.same_as else None
    message = texts.plain("web.my_send_same" if same else "web.my_send_taken", scan=scan.id, same=same)
    return {"message": message, "scan": f"{MY.path}/scans/{scan.id}"}


def _answer(request: web.Request, status: int, **values: object) -> web.Response:
    return web.json_response(values, status=status, headers=MY.headers(request))
