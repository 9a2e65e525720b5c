"""The main job, played by the demo people over the sandbox's client API."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final
from urllib.parse import parse_qs, urlsplit

import aiohttp

from bot.dev.sandbox import Person, SandboxClient
from bot.dev.sandbox.api.responses import Json
from bot.dev.sandbox.client.transcript import Document, SandboxError

Print = Callable[[str], None]
OWN_READING: Final = ("Probably viral.", "Findings")
FINDINGS: Final = (  # what the doctor writes, and how the bot goes on
    ("Patchy opacities in both lower zones.", "Impression"),
    ("Consistent with infection.", "Recommendations"),
    ("Clinical correlation; repeat film in two weeks.", "Written down"),
)
ALLERGY: Final = "penicillin - rash"
STOPPED: Final = "augmentin 625 bd x5d"
WARNED: Final = "Tab Cefuroxime 500 mg bd x 5 days"
CHECKS: Final = ("⛔", "⚠️", "↪️")  # how a check of a prescription begins
MOST: Final = 160  # characters of a message in the printed story
REASON: Final = "A mild rash years ago; the doctor agrees."


async def play(clinic: SandboxClient, picture: bytes, say: Print | None = None) -> Document:
    """Play from the photo to the PDF in the patient's chat and mailbox; print every message with its time."""
    async with asyncio.TaskGroup() as group:
        telling = group.create_task(_print_line(clinic, say)) if say else None
        try:
            return await _play(clinic, picture)
        finally:
            if telling:
                await asyncio.sleep(0.2)  # the last words
                telling.cancel()


async def _play(clinic: SandboxClient, picture: bytes) -> Document:
    [*_, earlier] = [None, *await clinic.mails()]  # of an earlier story in the same run
    amina, rao = await clinic.person("Amina Yusuf"), await clinic.person("Dr Rao")
    meena, joseph = await clinic.person("Meena Pillai"), await clinic.person("Joseph Mathew")
    await amina.sends_photo(picture)
    await amina.sees("What troubles you")
    await amina.sends("Cough and fever")
    await amina.sees("Since when")
    await amina.sends("Three days")
    await _tells_of_an_allergy(amina)

    await rao.presses("Analyse")
    await rao.sees("Checked by the computer")  # of this scan: an earlier one's card may still be on its way
    await rao.presses("Write findings", on="Checked by the computer")
    uncertain = "your own reading" in (await rao.sees("?")).text
    for line, answer in [OWN_READING, *FINDINGS] if uncertain else FINDINGS:
        await rao.sends(line)
        await rao.sees(answer)
    await rao.presses("Verify", on="Written down")

    await meena.presses("Prescribe", on="Read by the doctor")
    await meena.sees("Prescription for")
    await _prescribes(meena)
    await rao.presses("Countersign")  # no words to go by: a long card ends in a message below its picture

    await joseph.presses("Approve", on=REASON)  # the administrator's card names the override
    mail = await clinic.mail_to("joseph@example.org", "release report", after=earlier, timeout=30)
    [code] = re.findall(r"\b\d{6}\b", mail.text)
    await joseph.sends(code)

    report = await amina.receives_document(timeout=30)
    await clinic.mail_to("amina@example.org", "attached", after=earlier, timeout=30)
    return report


async def views(rao: Person, http: aiohttp.ClientSession) -> str:
    """Open the newest film in the viewer as its page does. Returns what came, in words; raises for a refusal."""
    address = urlsplit(await rao.opens_web_app("Viewer"))
    base, scan = f"{address.scheme}://{address.netloc}/viewer", parse_qs(address.query)["scan"][0]
    init_data = parse_qs(address.fragment)["tgWebAppData"][0]
    async with http.post(f"{base}/session", json={"init_data": init_data}, raise_for_status=True) as opened:
        headers = {"Authorization": f"Bearer {(await opened.json())['token']}"}
    async with http.get(f"{base}/scans/{scan}/film", headers=headers, raise_for_status=True) as film:
        facts, pixels = json.loads(film.headers["X-Film"]), await film.read()
    if len(pixels) != facts["width"] * facts["height"] * facts["bits"] // 8:
        raise SandboxError("the viewer's film is not whole")
    return f"the viewer shows {facts['width']} × {facts['height']} pixels of {facts['bits']} bits"


async def _tells_of_an_allergy(amina: Person) -> None:
    """The questions come with the first scan of a run only."""
    if "pharmacist should know" not in (await amina.sees("Thank you")).text:
        return
    await amina.presses("Answer", on="pharmacist should know")
    await amina.sees("must not take")
    await amina.sends(ALLERGY)
    await amina.presses("None", on="Which medicines")


async def _prescribes(meena: Person) -> None:
    """A penicillin is stopped by the allergy and removed; its substitute only warns and is kept with a reason."""
    await meena.sends(STOPPED)
    await meena.sees("Stop · allergy")
    await meena.sends(WARNED)
    await meena.sees(WARNED)
    await meena.presses("✖ 1", on=STOPPED)
    await meena.sees(f"1. {WARNED}")  # of this scan: an earlier story's draft has the same words
    await meena.presses("Go on with a reason", on=f"1. {WARNED}")
    await meena.sees("Please type the reason")
    await meena.sends(REASON)
    await meena.sees(f"Overridden: {REASON}")
    await meena.presses("Fever, pain", on="Prescription for")
    await meena.sees("2. Paracetamol")
    await meena.presses("Complete", on="2. Paracetamol")


async def _print_line(clinic: SandboxClient, say: Print) -> None:
    """Print every message and mail with the seconds since the start."""
    names = {person.chat_id: person.name for person in await clinic.people()}
    started, seen = monotonic(), 0
    while True:
        shown = await clinic.wire.get(f"/client/events?after={seen}&wait=20")
        seen = shown.seen
        for line in filter(None, (_line(event, names) for event in shown.body)):
            say(f"{monotonic() - started:6.2f} s  {line}")


def _short(text: str, edited: bool) -> str:
    """A message in one line: the checks of a prescription with their reasons, or else, and of an edit, the first words.

    The line that identifies the patient is left out."""
    lines = [line for line in text.split("\n") if line and not line.startswith("🪪")]
    checks = [] if edited else [at for at, line in enumerate(lines) if line.startswith(CHECKS)]
    if checks:
        return " / ".join(dict.fromkeys([lines[0], *lines[checks[0] : checks[-1] + 2]]))
    words = " / ".join(lines)
    return words if len(words) <= MOST else f"{words[:MOST]}…"


def _line(event: Json, names: Mapping[int, str]) -> str | None:
    """An event as a line, or None for events without text."""
    chat = names.get(event.get("chat_id", 0), "")
    match event["kind"]:
        case "message" | "edit" as kind:
            message = event["message"]
            who = f"{chat} →" if message["outgoing"] else f"{chat} ←"
            words = _short(message.get("text") or message.get("caption") or "", kind == "edit")
            thing = "📷 " if "photo" in message else "📄 " if "document" in message else ""
            return f"{who:16} {'✎ ' if kind == 'edit' else ''}{thing}{words}"
        case "delete":
            return f"{chat} ×".ljust(16) + " message deleted"
        case "mail":
            return f"✉ {', '.join(event['mail']['to'])}: {event['mail']['subject']}"
        case _:
            return None
