"""Two scenes of docs/users.md: a walk-in at the desk, and a daughter who sends her mother's film."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from bot.dev.demo import CAST, Demo
from bot.dev.sandbox import Person, SandboxClient
from handlers.ui.texts import Texts
from models.vocabulary import Role

NAMES: Final = {
    "en": ("Kumar Raja", "Lakshmi Ammal"),
    "hi": ("कुमार राजा", "लक्ष्मी देवी"),
    "ta": ("குமார் ராஜா", "லட்சுமி அம்மாள்"),
}
Shoot = Callable[[str, Path], Awaitable[None]]  # a person's chat into a file


async def show(demo: Demo, clinic: SandboxClient, language: str, folder: Path, shoot: Shoot) -> None:
    """Play both scenes and draw them, named `walkin-ta.png` and `mother-ta.png`."""
    words = demo.app.services.catalogues.of(language)
    people = {one.role: await clinic.person(one.name) for one in CAST}
    await _walk_in(people[Role.ADMINISTRATOR], demo.picture, words)
    await shoot(people[Role.ADMINISTRATOR].name, folder / f"walkin-{language}.png")
    await _for_mother(people[Role.PATIENT], demo.picture, words)
    await shoot(people[Role.PATIENT].name, folder / f"mother-{language}.png")


async def _walk_in(joseph: Person, picture: bytes, words: Texts) -> None:
    await joseph.sends("/walkin")
    await joseph.sends(NAMES[words.language][0])
    await joseph.sends("45 years")
    await joseph.presses(words.label("sex.male"))
    await joseph.presses(words.plain("language.ta"))
    await joseph.sends("+91 98400 12345")
    await joseph.presses(words.plain("button.fact_none"))
    await joseph.presses(words.plain("button.paper_consent"))
    await joseph.sees(words.plain("walk_in.picture")[:20])
    await joseph.sends_photo(picture, caption="cough")
    await joseph.presses(words.plain("button.skip"))
    await joseph.sees(words.plain("walk_in.thanks")[:20])


async def _for_mother(amina: Person, picture: bytes, words: Texts) -> None:
    await amina.sends("/family")
    await amina.presses(words.plain("button.new_person"))
    await amina.sends(NAMES[words.language][1])
    await amina.sends("12.5.1952")
    await amina.presses(words.label("sex.female"))
    await amina.presses(words.plain("relation.parent"))
    await amina.presses(words.plain("button.agree"))
    await amina.sees("/family")
    await amina.sends_photo(picture)
    await amina.presses(NAMES[words.language][1], on=words.plain("for_whom.ask", count=1)[:12])
    await amina.sees(words.plain("scan.complaint")[:10])
