"""The patient's page read aloud: espeak-ng speaks, opusenc makes of it what Telegram plays as a voice message."""

import asyncio
import shutil
from asyncio.subprocess import PIPE
from typing import Final, NamedTuple

from reports.content.document import Document, Language, Summary
from reports.pdf.words import Words

PROGRAMS: Final = ("espeak-ng", "opusenc")
VOICES: Final = {Language.ENGLISH: "en-gb", Language.TAMIL: "ta", Language.HINDI: "hi"}
PACE: Final = "140"  # words a minute; espeak-ng's own 175 is too fast for a patient
PATIENCE: Final = 60.0  # seconds for one program
HEADER, BYTES_A_SECOND = 44, 2 * 22_050  # of espeak-ng's WAV: 16 bits, one channel


class Spoken(NamedTuple):
    """OGG with Opus inside, as Telegram's voice messages are, and its length in whole seconds."""

    data: bytes
    seconds: int


class Speechless(Exception):
    """A program failed. Carries its name alone."""


def missing() -> list[str]:
    """The programs that this machine lacks."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


def script(document: Document, summary: Summary) -> str:
    """The first page as sentences for the ear, in the report's language. No AI label has room in it."""
    words = Words(document.language, document.zone)
    lead = (f"{words.say(f'summary.{summary.band}')}.", words.say(f"summary.{summary.band}_lead"))
    steps = (f"{words.say('summary.steps')}:", *summary.steps) if summary.steps else ()
    return "\n".join((f"{words.say('summary.heading')}.", *lead, summary.text, *steps, words.say("summary.help")))


async def speak(text: str, language: Language) -> Spoken:
    """Raises Speechless. The words go in by a pipe: a command line can be read by everybody on the machine."""
    wav = await _run("espeak-ng", "-v", VOICES[language], "-s", PACE, "--stdin", "--stdout", given=text.encode())
    ogg = await _run("opusenc", "--quiet", "--ignorelength", "--bitrate", "24", "-", "-", given=wav)
    return Spoken(ogg, max(1, round((len(wav) - HEADER) / BYTES_A_SECOND)))


async def _run(program: str, *options: str, given: bytes) -> bytes:
    running = await asyncio.create_subprocess_exec(program, *options, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(PATIENCE):
            made, _ = await running.communicate(given)
    except TimeoutError:
        raise Speechless(program) from None
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    if running.returncode or not made:
        raise Speechless(program)
    return made
