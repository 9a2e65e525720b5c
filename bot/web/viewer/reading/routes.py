"""The reading's addresses: the form as it stands, one act of it, and the own code before a signature in a browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import Services
from bot.web.bodies import read_body
from bot.web.shared.session import acting
from bot.web.shared.sign_in import MAX_CODE
from bot.web.viewer.access import Viewer
from bot.web.viewer.checked import json_answer, refusal, signed_in
from bot.web.viewer.reading import form
from bot.web.viewer.reading.acts import SIGNS, Act, perform
from handlers.ui.texts import Texts
from models.base import read_only
from models.tables.scans import Scan
from workflow.accounts import proof
from workflow.accounts.browsers import sessions as browsers
from workflow.audit import chain
from workflow.audit.chain import AUDIT_CONTEXT, Source
from workflow.claims import claim_of
from workflow.errors import CodeError, DifferenceUnseen, NotAllowed, NotFound, ProofMissing, StaleAction, WorkflowError
from workflow.permissions import Permission, authorize
from workflow.scans import presets, queries
from workflow.transitions import WAITS_FOR, Action, require_applicable

Shape = TypeVar("Shape", bound=BaseModel)
MAX_BODY: Final = 32_768  # bytes: 3000 signs of an Indian script, escaped
Form = dict[str, Any]


class TypedCode(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    code: Annotated[str, StringConstraints(max_length=MAX_CODE)]


def add_reading_routes(router: web.UrlDispatcher) -> None:
    scan = r"/viewer/scans/{scan_id:\d{1,15}}/reading"
    router.add_get(scan, signed_in(show))
    router.add_post(scan, signed_in(act))
    router.add_post(f"{scan}/proof", signed_in(ask_code))
    router.add_post(f"{scan}/proof/code", signed_in(take_code))


async def show(_: web.Request, services: Services, viewer: Viewer, scan: Scan) -> web.Response:
    """The form, recorded as a look at the draft; 404 for those who write no findings on it."""
    try:
        answer = await _form(services, viewer, scan.id, "draft")
    except (NotFound, NotAllowed, StaleAction):
        return refusal(404)
    return json_answer(answer)


async def act(request: web.Request, services: Services, viewer: Viewer, scan: Scan) -> web.Response:
    """Do one act. 409 with the form as it stands now where the act is refused; 403 where an own code comes first."""
    wished = await _body(request, Act)
    if wished is None:
        return refusal(422)
    texts = services.catalogues.of(viewer.actor.language)
    try:
        if wished.act in SIGNS and browsers.is_browser(viewer.chat_id):
            proof.require_recent(viewer.actor, services.now())
        async with _acting(services, viewer) as session:
            await perform(session, viewer.actor, scan.id, wished, services.now())
    except ProofMissing:
        return json_answer({"proof": texts.plain("viewer.proof")}, 403)
    except (NotFound, NotAllowed):
        return refusal(404)
    except WorkflowError as refused:
        return json_answer(await _refused(services, viewer, scan.id, refused, texts), 409)
    if wished.act in SIGNS:
        return json_answer({"signed": texts.plain("viewer.is_signed", scan=scan.id)})
    view = "draft" if wished.act == "take" else None  # it may be another doctor's
    return json_answer(await _form(services, viewer, scan.id, view))


async def ask_code(_: web.Request, services: Services, viewer: Viewer, __: Scan) -> web.Response:
    """Send an own code for this browser."""
    try:
        authorize(viewer.actor, Permission.PROVE)
        async with _acting(services, viewer) as session:
            await proof.request_code(session, viewer.actor, viewer.chat_id, services.now())
    except NotAllowed:
        return refusal(404)
    except CodeError as refused:
        return _refused_with(services, viewer, refused, 429)
    return json_answer({})


async def take_code(request: web.Request, services: Services, viewer: Viewer, _: Scan) -> web.Response:
    """A right code counts for some minutes."""
    typed = await _body(request, TypedCode)
    if typed is None:
        return refusal(422)
    try:
        authorize(viewer.actor, Permission.PROVE)
        async with _acting(services, viewer) as session:
            key, now = services.secret_key, services.now()
            verdict = await proof.verify(session, viewer.actor, viewer.chat_id, typed.code, key, now)
        verdict.raise_if_wrong()
    except NotAllowed:
        return refusal(404)
    except CodeError as refused:
        return _refused_with(services, viewer, refused, 403)
    return json_answer({})


async def _form(services: Services, viewer: Viewer, scan_id: int, view: str | None = None) -> Form:
    """The form as it stands. A scan that waits for a doctor is taken first; another doctor's is theirs.

    Raises NotFound, NotAllowed or StaleAction where the person writes no findings on the scan."""
    actor, texts = viewer.actor, services.catalogues.of(viewer.actor.language)
    async with read_only(services.sessions) as session:
        scan = await queries.scan_for(session, scan_id, actor, Action.WRITE_FINDINGS)
        require_applicable(scan, Action.WRITE_FINDINGS)
        claim = await claim_of(session, scan)
        own = form.Presets(await presets.recent_readings(session, actor), await presets.own_phrases(session, actor))
    if WAITS_FOR.get(scan.status) is actor.role:
        held = claim if claim is not None and claim.until > services.now() else None
        if held is None:
            return {"take": form.choice(texts.plain("viewer.take"), "take")}
        if held.account_id != actor.account_id:
            return {"holder": texts.plain("error.claimed", name=held.holder.name)}
    if view is not None:
        async with _acting(services, viewer) as session:
            await chain.record_read(session, actor, scan, view, services.now())
    return form.editable(scan, own, texts)


async def _refused(services: Services, viewer: Viewer, scan_id: int, refused: WorkflowError, texts: Texts) -> Form:
    """Why the act is refused, and the form as it stands, without one where nothing can be written any more."""
    said = {"refused": texts.plain(refused.key, **refused.values)}
    try:
        now = await _form(services, viewer, scan_id)
    except (NotFound, NotAllowed, StaleAction):
        return said
    if isinstance(refused, DifferenceUnseen):
        async with read_only(services.sessions) as session:
            scan = await queries.scan_for(session, scan_id, viewer.actor, Action.VERIFY)
        now |= {"difference": form.difference(scan, texts)}
    return now | said


def _refused_with(services: Services, viewer: Viewer, refused: WorkflowError, status: int) -> web.Response:
    texts = services.catalogues.of(viewer.actor.language)
    return json_answer({"refused": texts.plain(refused.key, **refused.values)}, status)


@asynccontextmanager
async def _acting(services: Services, viewer: Viewer) -> AsyncIterator[AsyncSession]:
    """A transaction whose acts are recorded as done where the viewer is open: in a browser or in Telegram."""
    async with acting(services) as session:
        if not browsers.is_browser(viewer.chat_id):
            session.info[AUDIT_CONTEXT] = session.info[AUDIT_CONTEXT]._replace(source=Source.CHAT)
        else:
            await browsers.touch(session, viewer.chat_id, services.now())
        yield session


async def _body(request: web.Request, shape: type[Shape]) -> Shape | None:
    """The JSON of a request; None where it does not fit. Raises HTTPRequestEntityTooLarge."""
    body = await read_body(request, MAX_BODY)
    try:
        return shape.model_validate_json(body)
    except ValidationError:
        return None
