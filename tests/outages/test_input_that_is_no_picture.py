"""Anything but a picture where one is expected: one clear message, and no row or file is left behind."""

import struct
import zlib
from io import BytesIO

from PIL import Image

from models.tables.jobs import Job
from models.tables.scans import Scan, ScanEvent
from tests.support.jobs import count, settles
from tests.support.people import Clinic

SIZE_LIMIT = 20 * 1024 * 1024


async def test_every_bad_upload_gets_its_sentence_and_leaves_nothing(clinic: Clinic) -> None:
    """Documents, truncated pictures, decompression bombs, far too large files: each gets its own message."""
    await clinic.amina.sends("/start")
    await clinic.amina.sees("Hello")
    await settles(clinic)
    job_count = await count(clinic, Job)
    for name, (data, words) in _uploads(clinic.picture).items():
        await clinic.amina.sends_file(data, name)
        assert len(await _answers(clinic, words)) == 1, name
    assert (await count(clinic, Scan), await count(clinic, ScanEvent), await count(clinic, Job)) == (0, 0, job_count)
    assert [path for path in clinic.app.services.vault.store.root.rglob("*") if path.is_file()] == []


async def test_other_things_than_pictures_are_answered_in_words(clinic: Clinic) -> None:
    """A contact instead of a picture, and plain text: an answer each, nothing stored, nothing broken."""
    await clinic.amina.sends_contact("+4912345")
    await clinic.amina.sees("I need a picture")
    await clinic.amina.sends("here is my x-ray")
    assert (await clinic.amina.sees("")).text
    await clinic.amina.does_not_see("went wrong", within=0.2)
    assert await count(clinic, Scan) == 0


async def test_voices_stickers_and_videos_are_answered_in_words(clinic: Clinic) -> None:
    """The sandbox's people send none, so the updates are posted in Telegram's format."""
    bot, dispatcher = clinic.app.services.bot, clinic.app.dispatcher
    file = {"file_id": "f", "file_unique_id": "u", "duration": 3}
    shape = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
    things = {
        "voice": file,
        "audio": file,
        "sticker": file | shape,
        "video": file | shape,
        "video_note": file | {"length": 240},
        "location": {"latitude": 13.0, "longitude": 80.2},
        "dice": {"emoji": "🎲", "value": 6},
    }
    await clinic.amina.sends("/start")
    await clinic.amina.sees("Hello")
    person = {"id": clinic.amina.chat_id, "is_bot": False, "first_name": "Amina"}
    chat = {"id": clinic.amina.chat_id, "type": "private", "first_name": "Amina"}
    for number, (kind, thing) in enumerate(things.items()):
        await clinic.amina.looks_away()
        message = {"message_id": 9000 + number, "date": 1_770_000_000, "chat": chat, "from": person, kind: thing}
        await dispatcher.feed_raw_update(bot, {"update_id": 990_000 + number, "message": message})
        await clinic.amina.sees("I cannot hear voice" if kind == "voice" else "I need a picture")
    assert await count(clinic, Scan) == 0


async def test_a_stranger_who_sends_a_picture_hears_how_to_begin(clinic: Clinic) -> None:
    """Nothing of a person without an account is downloaded or stored."""
    stranger = await clinic.telegram.person("Nobody At All")
    await stranger.sends_photo(clinic.picture)
    await stranger.sees("/register")
    assert await clinic.telegram.calls("getFile") == []
    assert await count(clinic, Scan) == 0


async def _answers(clinic: Clinic, words: str) -> list[str]:
    await clinic.amina.sees(words)
    return [message.text for message in await clinic.amina.messages() if message.event > clinic.amina.mark]


def _uploads(scan: bytes) -> dict[str, tuple[bytes, str]]:
    return {
        "letter.txt": (b"My chest hurts since Monday.\n" * 20, "This is not a picture"),
        "report.pdf": (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n", "This is a PDF"),
        "moving.gif": (_picture("GIF"), "cannot read this kind of file"),
        "torn.jpg": (scan[: len(scan) // 2], "arrived incomplete"),
        "bomb.png": (_bomb(60_000), "too many pixels"),
        "huge.jpg": (scan + bytes(SIZE_LIMIT), "larger than 20 MB"),
        "two in one.jpg": (scan + b"PK\x03\x04" + bytes(4096), "something else behind the picture"),
        "preview.png": (_picture("PNG"), "too small to read"),
    }


def _picture(kind: str) -> bytes:
    data = BytesIO()
    Image.new("L", (32, 32), 90).save(data, kind)
    return data.getvalue()


def _bomb(side: int) -> bytes:
    """A few kilobytes whose header claims billions of pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, (b"IHDR", b"IDAT", b"IEND"), (header, body, b"")))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
