"""Scenes of docs/users.md: a walk-in at the desk, a daughter who sends her mother's film, somebody without an email
address, a stranger's call for help below a picture, and a form that a question, an edit and the desk interrupt."""

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
NEWCOMERS: Final = {"en": ("Ravi", "Selvi"), "hi": ("Gopal", "Sita"), "ta": ("Kavin", "Valli")}  # names of chats
CALLS_FOR_HELP: Final = {
    "en": "I cannot breathe, my lips are blue",
    "hi": "सांस नहीं आ रही, होंठ नीले हो गए हैं",
    "ta": "மூச்சு விட முடியவில்லை, உதடு நீலமாக இருக்கிறது",
}
INTERRUPTED: Final = {  # a question, a complaint, and the complaint as it is edited
    "en": ("When does my report come?", "cough", "cough at night"),
    "hi": ("रिपोर्ट कब आएगी?", "खांसी", "रात में खांसी"),
    "ta": ("ரிப்போர்ட் எப்போது வரும்?", "இருமல்", "இரவில் இருமல்"),
}
Shoot = Callable[[str, Path], Awaitable[None]]  # a person's chat into a file


async def show(demo: Demo, clinic: SandboxClient, language: str, folder: Path, shoot: Shoot) -> None:
    """Play the scenes and draw them, named `walkin-ta.png`, `mother-ta.png`, `phone-ta.png`, `cry-ta.png`,
    `form-ta.png` and `paused-ta.png`."""
    words = demo.app.services.catalogues.of(language)
    people = {one.role: await clinic.person(one.name) for one in CAST}
    await _walk_in(people[Role.ADMINISTRATOR], demo.picture, words)
    await shoot(people[Role.ADMINISTRATOR].name, folder / f"walkin-{language}.png")
    await _for_mother(people[Role.PATIENT], demo.picture, words)
    await shoot(people[Role.PATIENT].name, folder / f"mother-{language}.png")
    await _interrupted(people[Role.PATIENT], demo.picture, words)
    await shoot(people[Role.PATIENT].name, folder / f"form-{language}.png")
    await _calls_the_desk(people[Role.PATIENT], words)
    await shoot(people[Role.PATIENT].name, folder / f"paused-{language}.png")
    await people[Role.PATIENT].presses(words.plain("button.leave_desk"))
    without_email, stranger = [await clinic.person(name) for name in NEWCOMERS[language]]
    await _without_email(without_email, words)
    await shoot(without_email.name, folder / f"phone-{language}.png")
    await _calls_for_help(stranger, demo.picture, words)
    await shoot(stranger.name, folder / f"cry-{language}.png")


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


async def _interrupted(amina: Person, picture: bytes, words: Texts) -> None:
    question, complaint, edited = INTERRUPTED[words.language]
    await amina.sends_photo(picture)
    await amina.presses(words.plain("button.for_me"))
    await amina.sees(words.plain("scan.complaint")[:10])
    await amina.sends(question)
    await amina.presses(words.plain("button.back_to_form"))
    await amina.sees(words.plain("scan.complaint")[:10])
    typed = await amina.sends(complaint)
    await amina.sees(words.plain("scan.since"))
    await amina.edits(typed, edited)
    await amina.sees(words.plain("edit.taken"))


async def _calls_the_desk(amina: Person, words: Texts) -> None:
    await amina.sends("/human")
    await amina.sees("112")
    await amina.sends(INTERRUPTED[words.language][1])
    await amina.presses(words.plain("button.back_to_form"))
    await amina.sees(words.plain("scan.since"))


async def _without_email(kavin: Person, words: Texts) -> None:
    await _chooses_language(kavin, words)
    await kavin.sends("/register")
    await kavin.sees("📱")
    await kavin.sends_contact("+919840012399")
    await kavin.sees(words.plain("register.name")[:10])
    await kavin.sends(NAMES[words.language][0])
    await kavin.sees("24.12.1985")
    await kavin.sends("24.12.1985")
    await kavin.presses(words.label("sex.male"))
    await kavin.sees("/scans")


async def _calls_for_help(stranger: Person, picture: bytes, words: Texts) -> None:
    await _chooses_language(stranger, words)
    await stranger.sends_photo(picture, caption=CALLS_FOR_HELP[words.language])
    await stranger.sees("112")


async def _chooses_language(person: Person, words: Texts) -> None:
    await person.starts()
    await person.presses(words.plain(f"language.{words.language}"))
