"""Whom a picture shows, and the agreement before the first one."""

import asyncio
from typing import NamedTuple

from aiohttp import web
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import Services
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import redirect
from bot.web.patient.pages import MY, render
from bot.web.shared.session import acting
from handlers.ui.texts import Html, Texts
from handlers.views import retake_picture
from handlers.views.files.family import consent_sentence
from inference.upload.limits import MAX_BYTES
from models.base import read_only
from workflow import consent
from workflow.accounts.files import dependants, proxies
from workflow.actors import Actor
from workflow.errors import NotFound
from workflow.scans import queries


class Person(NamedTuple):
    """A patient for whom this person may send: the account, the name, and whether the agreement is given."""

    account_id: int
    name: str
    agreed: bool


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The page that takes pictures; alone and without the agreement: that first."""
    async with read_only(services.sessions) as session:
        people = await _people(session, visitor)
    if len(people) == 1 and not people[0].agreed:
        return redirect(f"{MY.path}/consent")
    chosen = request.query.get("for", "")
    known = {str(one.account_id) for one in people if one.agreed}
    chosen = chosen if chosen in known else ""
    return render(request, "send.html", visitor.texts, visitor=visitor, people=people, chosen=chosen, limit=MAX_BYTES)


async def _people(session: AsyncSession, visitor: Visitor) -> list[Person]:
    """The person, then the relatives of /family."""
    actor, own = visitor.actor, visitor.actor.account_id or 0
    people = [Person(own, visitor.texts.plain("button.for_me"), await consent.has_agreed(session, actor))]
    for one in await dependants.of(session, actor):
        agreed = await consent.has_agreed(session, proxies.in_place_of(actor, one.patient))
        people.append(Person(one.patient_id, one.patient.name, agreed))
    return people


async def ask_consent(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """The text of the agreement, of the person's own or in a relative's place."""
    async with read_only(services.sessions) as session:
        account_id = _patient_id(request.query.get("for", ""), visitor.actor)
        patient = await proxies.act_for(session, visitor.actor, account_id)
        sentence = await _sentence(session, patient, visitor.texts, services)
    shown = Markup(sentence)  # noqa: S704 - escaped by `Texts`
    return render(request, "consent.html", visitor.texts, visitor=visitor, sentence=shown, patient=patient)


async def _sentence(session: AsyncSession, patient: Actor, texts: Texts, services: Services) -> Html:
    if patient.proxy is None:
        return texts("consent.ask")
    account = await queries.account_of(session, patient)
    return consent_sentence(account, texts, services.now().date())


async def take_consent(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Record the agreement or the refusal, as in the chat."""
    form = await form_of(request)
    async with acting(services) as session:
        patient = await proxies.act_for(session, visitor.actor, _patient_id(form.get("for", ""), visitor.actor))
        if form.get("agree") != "yes":
            await consent.decline(session, patient, services.now())
            return redirect(MY.path)
        await consent.agree(session, patient, services.now())
    return redirect(f"{MY.path}/send?for={patient.account_id}")


async def how_to_photograph(request: web.Request, services: Services, visitor: Visitor) -> web.Response:  # noqa: ARG001 - a handler's form
    """The drawn pictures that the chat sends with a request to retake a film."""
    png = await asyncio.to_thread(retake_picture.how_to_photograph, visitor.texts)
    return web.Response(body=png, content_type="image/png", headers=MY.headers(request))


def _patient_id(text: str, actor: Actor) -> int:
    """The patient's account, the own one where none is named. Raises NotFound for other text."""
    if not text:
        return actor.account_id or 0
    return patient_id(text)


def patient_id(text: str) -> int:
    """Raises NotFound for text that is no number of an account."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise NotFound
    return int(text)
