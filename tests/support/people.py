"""The people of the stories and their clinic: the production assembly over the sandbox."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import App, Engines
from bot.dev.demo import Demo, open_demo
from bot.dev.sandbox import Person, Sandbox, SandboxClient
from bot.dev.sandbox.client.transcript import Message
from models.base import Sessions
from tests.support.pace import unpaced
from tests.support.template import KEYS, template

FINDINGS = ("Patchy opacities in both lower zones.", "Consistent with infection.", "Repeat film in two weeks.")
T = TypeVar("T")
CODE = re.compile(r"\b\d{6}(?:\d\d)?\b")  # eight digits for a new password


class Clinic(NamedTuple):
    """The whole clinic, and its four people."""

    sandbox: Sandbox
    app: App
    telegram: SandboxClient
    amina: Person
    rao: Person
    meena: Person
    joseph: Person
    picture: bytes

    async def uploads(self, who: Person | None = None) -> None:
        """The patient sends the radiograph, sees its card and skips both questions."""
        patient = who or self.amina
        await patient.sends_photo(self.picture)
        if who is not None:  # Amina consented long ago
            await patient.sees("Before your first picture")
            await patient.presses("I agree")
        await patient.sees("Scan #")
        await patient.sees("What troubles you")
        await patient.presses("Skip")
        await patient.sees("Since when")
        await patient.presses("Skip")
        await patient.sees("Thank you")

    async def analyses(self) -> Message:
        """The doctor requests the analysis and sees its card."""
        await self.rao.presses("Analyse")
        return await self.rao.sees("Checked by the computer")

    async def writes_findings(self) -> None:
        """Findings, impression and recommendations; first the doctor's own reading where the model was uncertain."""
        await self.rao.presses("Write findings")
        reply = await self.rao.sees("")
        if "own reading" in reply.text:
            await self.rao.sends("Pneumonia, in my own reading.")
            await self.rao.sees("Findings")
        for words in FINDINGS:
            await self.rao.sends(words)
            await self.rao.sees("")
        await self.rao.sees("Written down")

    async def verifies(self) -> None:
        await self.analyses()
        await self.writes_findings()
        await self.rao.presses("Verify", on="Written down")

    async def dispenses(self) -> None:
        await self.meena.presses("Prescribe")
        await self.meena.presses("Fever, pain")
        await self.meena.presses("Complete", on="Written down")

    async def approves(self) -> str:
        """The administrator requests a code and reads it in the mail."""
        earlier = await self.telegram.mails("joseph@example.org")
        await self.joseph.presses("Approve")
        mail = await self.telegram.mail_to("joseph@example.org", after=earlier[-1] if earlier else None)
        [code] = CODE.findall(mail.text)
        return code

    async def releases(self) -> None:
        code = await self.approves()
        await self.joseph.sends(code)
        await self.joseph.sees("is released")

    async def plays(self, stage: str) -> None:
        """Play the story in the chats up to this stage: analysed, verified, completed or released."""
        await self.uploads()
        match stage:
            case "analysed":
                await self.analyses()
                return
            case _:
                await self.verifies()
        if stage in {"completed", "released"}:
            await self.dispenses()
        if stage == "released":
            await self.releases()


async def eventually(sessions: Sessions, read: Callable[[AsyncSession], Awaitable[T]], within: float = 30) -> T:
    """Poll a query until it returns something; each read has its own session, which blocks no writer."""
    async with asyncio.timeout(within):
        while True:
            async with sessions() as session:
                if found := await read(session):
                    return found
            await asyncio.sleep(0.05)


@asynccontextmanager
async def open_clinic(engines: Engines, *, paced: bool = False, **settings: Any) -> AsyncIterator[Clinic]:
    """A fresh clinic with the four people linked to their chats; rate limits are raised for them.

    `paced`: messages go out at Telegram's rates, a chat's after the first twenty one a second.
    The model reads nothing ahead unless asked to: most stories only need what a doctor asks for."""
    settings = {"messages_per_minute": 60_000, "read_ahead": False} | settings
    furnish = None
    if not settings.keys() & {"database", "data", *KEYS}:
        furnish, settings = (await template(engines)).furnish, KEYS | settings
    opening = open_demo(engines=engines, furnish=furnish, **settings)
    async with (
        opening if paced else unpaced(opening) as demo,
        SandboxClient(demo.sandbox.base) as telegram,
    ):
        yield await _clinic(demo, telegram)


async def _clinic(demo: Demo, telegram: SandboxClient) -> Clinic:
    people = [await telegram.person(one["name"]) for one in demo.facts["people"]]
    return Clinic(demo.sandbox, demo.app, telegram, *people, picture=demo.picture)
