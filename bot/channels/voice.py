"""The patient's page as speech: espeak-ng synthesizes it, opusenc encodes it as a Telegram voice message."""

import asyncio
import shutil
from asyncio.subprocess import PIPE
from typing import Final, NamedTuple

from models.vocabulary import Language
from reports.content.document import Document, Summary
from reports.pdf.words import ReportTexts

PROGRAMS: Final = ("espeak-ng", "opusenc")
VOICES: Final = {Language.ENGLISH: "en-gb", Language.TAMIL: "ta", Language.HINDI: "hi"}
WORDS_PER_MINUTE: Final = "140"  # espeak-ng's default of 175 is too fast for a patient
TIMEOUT: Final = 60.0  # seconds per program
HEADER, BYTES_A_SECOND = 44, 2 * 22_050  # of espeak-ng's WAV: 16 bits, one channel


class VoiceMessage(NamedTuple):
    """OGG/Opus as Telegram's voice messages require, and its length in whole seconds."""

    data: bytes
    seconds: int


class SpeechFailed(Exception):
    """A speech program failed; carries only the program's name."""


def missing_programs() -> list[str]:
    """The speech programs that are not installed."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


def script(document: Document, summary: Summary) -> str:
    """The patient's page as text to be spoken, in the report's language; the model's label is not part of it."""
    words = ReportTexts(document.language, document.zone)
    lead = (f"{words.text(f'summary.{summary.band}')}.", words.text(f"summary.{summary.band}_lead"))
    steps = (f"{words.text('summary.steps')}:", *summary.steps) if summary.steps else ()
    return "\n".join((f"{words.text('summary.heading')}.", *lead, summary.text, *steps, words.text("summary.help")))


async def synthesize(text: str, language: Language) -> VoiceMessage:
    """Raises SpeechFailed. The text goes through a pipe, as other users of the machine can read command lines."""
    wav = await _run(
        "espeak-ng", "-v", VOICES[language], "-s", WORDS_PER_MINUTE, "--stdin", "--stdout", stdin=text.encode()
    )
    ogg = await _run("opusenc", "--quiet", "--ignorelength", "--bitrate", "24", "-", "-", stdin=wav)
    return VoiceMessage(ogg, max(1, round((len(wav) - HEADER) / BYTES_A_SECOND)))


async def _run(program: str, *options: str, stdin: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(program, *options, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(TIMEOUT):
            output, _ = await process.communicate(stdin)
    except TimeoutError:
        raise SpeechFailed(program) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not output:
        raise SpeechFailed(program)
    return output
