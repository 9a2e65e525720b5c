"""The own code before an act that asks for a recent one, as in the chat."""

from aiohttp import web

from bot.services import Services
from bot.web.areas.guard import Visitor, form_of
from bot.web.areas.rendering import redirect
from bot.web.desk.rendering import render
from bot.web.shared.session import acting
from bot.web.shared.sign_in import MAX_CODE
from workflow.accounts import proof
from workflow.errors import CodeError, CodeMissing, CodeWrong


async def ask(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Send a code for this browser, and ask for it."""
    message = ""
    try:
        async with acting(services) as session:
            await proof.request_code(session, visitor.actor, visitor.number, services.now())
    except CodeError as refusal:
        message = visitor.texts.plain(refusal.key, **refusal.values)
    return render(request, "proof.html", visitor.texts, form_token=visitor.form_token, message=message, visitor=visitor)


async def take(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """A right code counts for some minutes; then the act is done by pressing its button again."""
    typed, texts = (await form_of(request)).get("code", "")[:MAX_CODE], visitor.texts
    try:
        async with acting(services) as session:
            key, now = services.secret_key, services.now()
            verdict = await proof.verify(session, visitor.actor, visitor.number, typed, key, now)
        verdict.raise_if_wrong()
    except (CodeWrong, CodeMissing) as refusal:
        values = {"form_token": visitor.form_token, "visitor": visitor}
        message = texts.plain(refusal.key, **refusal.values)
        return render(request, "proof.html", texts, 401, message=message, **values)
    return redirect("/desk/proved")


async def done(request: web.Request, services: Services, visitor: Visitor) -> web.Response:  # noqa: ARG001 - a handler's form
    return render(request, "message.html", visitor.texts, visitor=visitor, message=visitor.texts.plain("proof.done"))
