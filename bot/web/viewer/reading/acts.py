"""The acts of the form, each by the verb of the workflow that the chat's button calls."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.ui.parsing import check_length
from handlers.views.reading import consistency
from handlers.views.reading.draft import MODEL_COMMENTS
from models.vocabulary import Band
from workflow.actors import Actor
from workflow.errors import StaleAction
from workflow.scans import claims, critical, draft_edits, drafts, presets, reading
from workflow.scans.draft_edits import MAX_PHRASE_NAME, MAX_REASON, MAX_TEXT, SetPhrase
from workflow.scans.reading import Reason

Name = Annotated[str, StringConstraints(max_length=60)]
TYPED: Final = ("own_reading", "findings", "impression", "recommendations", "why")


class Act(BaseModel):
    """A pressed button or a saved field. `shown`: the hash of the draft that it was made on."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    act: Name
    shown: Name = ""
    name: Name = ""
    code: Name = ""
    on: bool = True
    number: int = Field(0, ge=0, le=2**31 - 1)
    agrees: bool | None = None
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT + 1)] = ""


SIGNS: Final = frozenset({"sign", "sign_different"})
Verb = Callable[[AsyncSession, Actor, int, Act, datetime], Awaitable[object]]


async def perform(session: AsyncSession, actor: Actor, scan_id: int, act: Act, at: datetime) -> None:
    """Do it. Raises WordsChanged for a draft that has changed since it was shown, StaleAction for what the form does
    not offer, and what the verb raises."""
    if act.act not in VERBS:
        raise StaleAction
    if act.act != "take":
        await draft_edits.require_shown(session, actor, scan_id, act.shown)
    await VERBS[act.act](session, actor, scan_id, act, at)


async def _sign(session: AsyncSession, actor: Actor, scan_id: int, act: Act, at: datetime) -> None:
    agrees = act.agrees
    if act.act == "sign_different":
        await reading.record_difference_seen(session, actor, scan_id, act.shown, at)
        agrees = False
    await reading.verify(session, actor, scan_id, act.shown, at, agrees)


async def _typed(session: AsyncSession, actor: Actor, scan_id: int, act: Act, at: datetime) -> None:
    """A typed part of the draft; findings are never absent, only empty."""
    if act.name not in TYPED:
        raise StaleAction
    text = _text(act, MAX_TEXT)
    await reading.revise_draft(
        session, actor, scan_id, at, **{act.name: text if act.name == "findings" else text or None}
    )


async def _band(session: AsyncSession, actor: Actor, scan_id: int, act: Act, at: datetime) -> None:
    if act.name not in set(Band):
        raise StaleAction
    await reading.revise_draft(session, actor, scan_id, at, band=act.name)


async def _why(session: AsyncSession, actor: Actor, scan_id: int, act: Act, at: datetime) -> None:
    if act.name not in MODEL_COMMENTS:
        raise StaleAction
    await reading.revise_draft(session, actor, scan_id, at, why=f"why.{act.name}")


async def _reason(session: AsyncSession, actor: Actor, scan_id: int, act: Act, at: datetime) -> None:
    """A ready reason by its `code`, or a typed one."""
    typed = _text(act, MAX_REASON)
    if act.name not in set(Reason) or not (typed or act.code in consistency.READY_REASONS[Reason(act.name)]):
        raise StaleAction
    reason = typed or f"{act.name}.{act.code}"
    await reading.give_reason(session, actor, scan_id, Reason(act.name), reason, at)


async def _keep_phrase(session: AsyncSession, actor: Actor, scan_id: int, act: Act, at: datetime) -> None:
    name = " ".join(_text(act, MAX_PHRASE_NAME).split())
    if not name:
        raise StaleAction
    await presets.keep_phrase(session, actor, scan_id, name, at)


def _text(act: Act, most: int) -> str:
    """Raises TooLong."""
    return check_length(act.text.replace("\0", "").strip(), most)


VERBS: Final[Mapping[str, Verb]] = {
    "take": lambda session, actor, scan, _, at: claims.take(session, actor, scan, at),
    "ready": lambda session, actor, scan, act, at: reading.apply_diagnosis(session, actor, scan, act.name, at),
    "add": lambda session, actor, scan, act, at: reading.add_diagnosis(session, actor, scan, act.name, at),
    "rest": lambda session, actor, scan, _, at: draft_edits.rest_normal(session, actor, scan, at),
    "phrase": lambda session, actor, scan, act, at: draft_edits.set_phrase(
        session, actor, scan, SetPhrase(act.name, act.code, act.on), at
    ),
    "words": lambda session, actor, scan, act, at: draft_edits.write_region(
        session, actor, scan, act.name, _text(act, MAX_TEXT), at
    ),
    "typed": _typed,
    "band": _band,
    "why": _why,
    "use_phrase": lambda session, actor, scan, act, at: reading.add_phrase(session, actor, scan, act.number, at),
    "keep_phrase": _keep_phrase,
    "start_from": lambda session, actor, scan, act, at: drafts.start_from(session, actor, scan, act.number, at),
    "reason": _reason,
    "critical": lambda session, actor, scan, _, at: critical.mark(session, actor, scan, at),
    "sign": _sign,
    "sign_different": _sign,
}
