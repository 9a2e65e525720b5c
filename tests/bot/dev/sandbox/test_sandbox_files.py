"""Photos, documents, albums, and fetching them."""

from io import BytesIO
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest

from bot.dev.sandbox import Person, SandboxClient
from bot.dev.sandbox.client.transcript import SandboxError
from tests.support.rawapi import Api, png

MB = 1024 * 1024


async def fetched(api: Api, file_id: str) -> bytes:
    file = await api("getFile", file_id=file_id)
    async with api.session.get(f"{api.files}/{file['file_path']}") as answer:
        assert answer.status == 200
        data = await answer.read()
    assert len(data) == file["file_size"]
    return data


def size(data: bytes) -> tuple[int, int]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image.shape[1], image.shape[0]


async def test_a_photo_comes_as_jpegs_of_four_sizes_with_ids_of_their_own(
    api: Api, amina: Person, picture: bytes
) -> None:
    await amina.sends_photo(picture, "my chest")
    message = (await api("getUpdates"))[-1]["message"]
    sizes = message["photo"]
    assert message["caption"] == "my chest"
    assert [(one["width"], one["height"]) for one in sizes] == [(90, 56), (320, 200), (800, 500), (1280, 800)]
    assert len({one["file_id"] for one in sizes}) == len({one["file_unique_id"] for one in sizes}) == 4
    for one in sizes:
        data = await fetched(api, one["file_id"])
        assert data.startswith(b"\xff\xd8\xff")
        assert size(data) == (one["width"], one["height"])


async def test_a_small_photo_has_only_the_sizes_below_its_own(api: Api, amina: Person) -> None:
    body = await api.upload("sendPhoto", {"photo": ("a.png", png(400, 100))}, chat_id=str(amina.chat_id))
    assert [one["width"] for one in body["result"]["photo"]] == [90, 320, 400]


@pytest.mark.parametrize(
    ("data", "description"),
    [
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (b"", "file must be non-empty"),
        (png(9_000, 1_001), "PHOTO_INVALID_DIMENSIONS"),
        (png(2_100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (bytes(10 * MB + 1), "file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes"),
    ],
)
async def test_what_is_no_photo_is_refused(api: Api, amina: Person, data: bytes, description: str) -> None:
    body = await api.upload("sendPhoto", {"photo": ("a.png", data)}, chat_id=str(amina.chat_id))
    assert body["description"] == f"Bad Request: {description}"


@pytest.mark.parametrize(("width", "height"), [(9_000, 1_000), (2_000, 100)])
async def test_photos_at_the_limits_are_taken(api: Api, amina: Person, width: int, height: int) -> None:
    body = await api.upload("sendPhoto", {"photo": ("a.png", png(width, height))}, chat_id=str(amina.chat_id))
    assert body["ok"], body


async def test_a_document_keeps_its_bytes_name_and_type(api: Api, amina: Person) -> None:
    data = bytes(range(256)) * 40
    await amina.sends_file(data, "scan ä.dcm", "application/dicom", caption="c")
    message = (await api("getUpdates"))[-1]["message"]
    document = message["document"]
    assert (document["file_name"], document["mime_type"]) == ("scan ä.dcm", "application/dicom")
    assert (document["file_size"], message["caption"]) == (len(data), "c")
    assert await fetched(api, document["file_id"]) == data


async def test_a_file_goes_out_and_comes_down_unchanged(api: Api, amina: Person) -> None:
    await api.upload("sendDocument", {"document": ("../report.pdf", b"%PDF-1.7")}, chat_id=str(amina.chat_id))
    assert await amina.receives_document() == ("report.pdf", b"%PDF-1.7", "application/pdf")


async def test_sending_by_file_id_keeps_the_unique_id(api: Api, amina: Person) -> None:
    await amina.sends_photo(png(100, 100))
    await amina.sends_file(b"x", "a.bin")
    photo, document = [update["message"] for update in await api("getUpdates")]
    again = await api("sendPhoto", chat_id=amina.chat_id, photo=photo["photo"][0]["file_id"])
    assert again["photo"] == photo["photo"]
    again = await api("sendDocument", chat_id=amina.chat_id, document=document["document"]["file_id"])
    assert again["document"]["file_unique_id"] == document["document"]["file_unique_id"]
    place = {"chat_id": amina.chat_id}
    assert [
        await api.refusal("sendPhoto", **place, photo=document["document"]["file_id"]),
        await api.refusal("sendPhoto", **place, photo="AgAC"),
        await api.refusal("sendPhoto", **place, photo="https://example.org/x.jpg"),
        await api.refusal("sendPhoto", **place, photo="attach://nothing"),
        await api.refusal("sendPhoto", **place),
        await api.refusal("sendDocument", **place),
    ] == [
        "Bad Request: can't use file of type Document as Photo",
        "Bad Request: wrong file identifier/HTTP URL specified",
        "Bad Request: failed to get HTTP URL content",
        "Bad Request: wrong file identifier/HTTP URL specified",
        "Bad Request: there is no photo in the request",
        "Bad Request: there is no document in the request",
    ]


async def test_a_person_may_send_more_than_a_bot_may_fetch(api: Api, amina: Person) -> None:
    await amina.sends_file(bytes(20 * MB), "just.bin")
    await amina.sends_file(bytes(20 * MB + 1), "over.bin")
    just, over = [update["message"]["document"] for update in await api("getUpdates")]
    assert len(await fetched(api, just["file_id"])) == 20 * MB
    assert over["file_size"] == 20 * MB + 1
    assert await api.refusal("getFile", file_id=over["file_id"]) == "Bad Request: file is too big"


@pytest.mark.parametrize(("file_id", "description"), [("nope", "invalid file_id"), ("", "file_id not specified")])
async def test_an_unknown_file_is_refused(api: Api, file_id: str, description: str) -> None:
    assert await api.refusal("getFile", file_id=file_id) == f"Bad Request: {description}"


async def test_an_album_is_one_update_an_item_with_one_group_id(api: Api, amina: Person) -> None:
    await amina.sends_album([png(100, 100), png(110, 100), png(120, 100)], "three views")
    messages = [update["message"] for update in await api("getUpdates")]
    assert [message["photo"][-1]["width"] for message in messages] == [100, 110, 120]
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [message.get("caption") for message in messages] == ["three views", None, None]
    await amina.sends_photo(png(100, 100))
    assert "media_group_id" not in (await api("getUpdates"))[-1]["message"]


async def test_a_bot_sends_albums_of_two_to_ten(api: Api, amina: Person) -> None:
    files = {"a": ("a.png", png(90, 90)), "b": ("b.png", png(90, 90))}
    media = (
        '[{"type": "photo", "media": "attach://a", "caption": "<b>x</b>", "parse_mode": "HTML"},'
        ' {"type": "photo", "media": "attach://b"}]'
    )
    body = await api.upload("sendMediaGroup", files, chat_id=str(amina.chat_id), media=media, protect_content="true")
    first, second = body["result"]
    assert (first["caption"], first["media_group_id"]) == ("x", second["media_group_id"])
    assert second["has_protected_content"] is True
    photo = {"type": "photo", "media": first["photo"][0]["file_id"]}
    place = {"chat_id": amina.chat_id}
    assert [
        await api.refusal("sendMediaGroup", **place, media=[]),
        await api.refusal("sendMediaGroup", **place, media=[photo]),
        await api.refusal("sendMediaGroup", **place, media=[photo] * 11),
        await api.refusal("sendMediaGroup", **place, media=[photo, photo | {"type": "document"}]),
        await api.refusal("sendMediaGroup", **place, media=[{"type": "photo"}] * 2),
        await api.refusal("sendMediaGroup", **place, media="["),
    ] == [
        "Bad Request: there are no messages to send",
        "Bad Request: too few messages to send as an album",
        "Bad Request: too many messages to send as an album",
        "Bad Request: document can't be mixed with other media types",
        "Bad Request: can't parse InputMedia: media not found",
        "Bad Request: can't parse media JSON object",
    ]
    assert len(await api("sendMediaGroup", **place, media=[photo] * 10)) == 10


async def test_pictures_of_people_that_are_none_are_refused_to_them(amina: Person, telegram: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="IMAGE_PROCESS_FAILED"):
        await amina.sends_photo(b"GIF89a")
    with pytest.raises(SandboxError, match="file is missing"):
        await amina.sends_album([])


async def test_strangers_files_are_shown_to_the_browser_only_when_harmless(api: Api, amina: Person) -> None:
    async def headers(message: Any) -> tuple[str, str]:
        async with api.session.get(f"{api.base}/client/files/{message.document['file_id']}") as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            return answer.headers["Content-Type"], answer.headers["Content-Disposition"].partition(";")[0]

    page = await amina.sends_file(b"<script>", "x.html", "text/html")
    report = await amina.sends_file(b"%PDF", "x.pdf", "application/pdf")
    assert await headers(page) == ("application/octet-stream", "attachment")
    assert await headers(report) == ("application/pdf", "inline")
    async with api.session.get(f"{api.base}/client/files/none") as answer:
        assert (answer.status, await answer.json()) == (404, {"error": "there is no such file"})


async def test_two_files_under_one_field_name_are_both_taken(api: Api, amina: Person) -> None:
    form = aiohttp.FormData()
    for name in ("a.txt", "b.txt"):
        form.add_field("file", BytesIO(name.encode()), filename=name)
    async with api.session.post(f"{api.base}/client/chats/{amina.chat_id}/document", data=form) as answer:
        sent = (await answer.json())["messages"]
    assert [message["document"]["file_name"] for message in sent] == ["a.txt", "b.txt"]
