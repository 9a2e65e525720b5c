"""Texts: how Telegram parses markup, the length limits, and its error messages."""

from typing import Any

import pytest

from bot.dev.sandbox import Person
from tests.support.rawapi import Api

SPOILT = "Bad Request: can't parse entities: "


async def sent(api: Api, amina: Person, text: str, **fields: Any) -> dict[str, Any]:
    return await api("sendMessage", **{"chat_id": amina.chat_id, "text": text, "parse_mode": "HTML"} | fields)


@pytest.mark.parametrize(
    ("html", "text", "entities"),
    [
        ("<b>a</b> <strong>b</strong>", "a b", [("bold", 0, 1), ("bold", 2, 1)]),
        ("<i>a</i> <em>b</em>", "a b", [("italic", 0, 1), ("italic", 2, 1)]),
        ("<u>a</u> <ins>b</ins>", "a b", [("underline", 0, 1), ("underline", 2, 1)]),
        ("<s>a</s><strike>b</strike><del>c</del>", "abc", [("strikethrough", n, 1) for n in range(3)]),
        ("<code>x</code><pre>y</pre>", "xy", [("code", 0, 1), ("pre", 1, 1)]),
        ("<blockquote>a</blockquote>", "a", [("blockquote", 0, 1)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        ('<tg-spoiler>a</tg-spoiler><span class="tg-spoiler">b</span>', "ab", [("spoiler", 0, 1), ("spoiler", 1, 1)]),
        ("<b>bold <i>both</i></b>", "bold both", [("bold", 0, 9), ("italic", 5, 4)]),
        ("<i><b>x</b></i>", "x", [("bold", 0, 1), ("italic", 0, 1)]),
        ("🩻🩻<b>🩻</b> ä<i>b</i>", "🩻🩻🩻 äb", [("bold", 4, 2), ("italic", 8, 1)]),
        ("&lt;&gt;&amp;&quot;&#65;&#x1F600;", '<>&"A😀', []),
        ("a &lt b &laquo; &amp", "a < b &laquo; &", []),
        ("<b></b>x", "x", []),
        ("<B>x</b>", "x", [("bold", 0, 1)]),
        ("<b>x</>", "x", [("bold", 0, 1)]),
        ("  <b> x </b>  ", " x", [("bold", 0, 2)]),
        ("<a href='not an address'>x</a>", "x", []),
    ],
)
async def test_html_becomes_text_and_entities_with_utf16_offsets(
    api: Api, amina: Person, html: str, text: str, entities: list[tuple[str, int, int]]
) -> None:
    message = await sent(api, amina, html)
    assert message["text"] == text
    assert [(one["type"], one["offset"], one["length"]) for one in message.get("entities", [])] == entities


@pytest.mark.parametrize(
    ("html", "entity"),
    [
        ('<a href="https://x.org/?a=1&amp;b=2">x</a>', {"type": "text_link", "url": "https://x.org/?a=1&b=2"}),
        ("<a href=x.org>x</a>", {"type": "text_link", "url": "http://x.org/"}),
        ('<pre><code class="language-python">x</code></pre>', {"type": "pre", "language": "python"}),
        ('<tg-emoji emoji-id="5368">x</tg-emoji>', {"type": "custom_emoji", "custom_emoji_id": "5368"}),
    ],
)
async def test_some_tags_carry_more_than_a_range(api: Api, amina: Person, html: str, entity: dict[str, str]) -> None:
    assert (await sent(api, amina, html))["entities"] == [{"offset": 0, "length": 1} | entity]


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("ab <x>c</x>", 'Unsupported start tag "x" at byte offset 3'),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        ("ä<br>", 'Unsupported start tag "br" at byte offset 2'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ("<b>a</b   ", "Unclosed end tag at byte offset 4"),
        ("<b id>x</b>", 'Expected equal sign in declaration of an attribute of the tag "b" at byte offset 0'),
        ("<b =x>x</b>", 'Empty attribute name in the tag "b" at byte offset 0'),
        ("<b a=x,y>x</b>", "Unexpected end of name token at byte offset 5"),
        ("<b a=", 'Unclosed start tag "b" at byte offset 0'),
        ("<b a='x>", "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("5 < 6", 'Unsupported start tag "" at byte offset 2'),
    ],
)
async def test_bad_html_is_refused_in_telegrams_words(api: Api, amina: Person, html: str, complaint: str) -> None:
    refusal = await api.refusal("sendMessage", chat_id=amina.chat_id, text=html, parse_mode="HTML")
    assert refusal == SPOILT + complaint


async def test_half_a_surrogate_pair_is_refused_however_it_is_spelt(api: Api, amina: Person) -> None:
    refusal = await api.refusal("sendMessage", chat_id=amina.chat_id, text="&#xD800;", parse_mode="HTML")
    assert refusal.startswith("Bad Request: text contains invalid Unicode characters after decoding HTML entities")
    async with api.session.post(
        f"{api.url}/sendMessage",
        data=f'{{"chat_id": {amina.chat_id}, "text": "\\ud800"}}'.encode(),
        headers={"Content-Type": "application/json"},
    ) as answer:
        assert (await answer.json())["description"] == "Bad Request: strings must be encoded in UTF-8"


@pytest.mark.parametrize("text", ["", " \n ", "<b> </b>"])
async def test_an_empty_text_is_refused(api: Api, amina: Person, text: str) -> None:
    fields = {"chat_id": amina.chat_id, "text": text, "parse_mode": "HTML"}
    assert await api.refusal("sendMessage", **fields) == "Bad Request: message text is empty"


async def test_the_limit_is_4096_utf16_units_after_parsing(api: Api, amina: Person) -> None:
    assert len((await sent(api, amina, f"<b>{'x' * 4096}</b>"))["text"]) == 4096
    assert (await sent(api, amina, "😀" * 2048))["text"] == "😀" * 2048
    for text in ("x" * 4097, "😀" * 2048 + "x"):
        refusal = await api.refusal("sendMessage", chat_id=amina.chat_id, text=text)
        assert refusal == "Bad Request: message is too long"


async def test_a_parse_mode_beats_entities_and_without_one_they_count(api: Api, amina: Person) -> None:
    entities = [{"type": "italic", "offset": 0, "length": 1}]
    message = await sent(api, amina, "<b>x</b>y", entities=entities)
    assert [one["type"] for one in message["entities"]] == ["bold"]
    message = await sent(api, amina, "<b>", entities=entities, parse_mode="")
    assert (message["text"], message["entities"]) == ("<b>", entities)


async def test_only_html_is_known_here(api: Api, amina: Person) -> None:
    refusal = await api.refusal("sendMessage", chat_id=amina.chat_id, text="*x*", parse_mode="MarkdownV2")
    assert refusal == "Bad Request: unsupported parse_mode"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start now", [("bot_command", "/start")]),
        ("a /help@csss_bot.", [("bot_command", "/help@csss_bot")]),
        ("and/or 1/2", []),
        ("see https://example.org/a?b=1, please", [("url", "https://example.org/a?b=1")]),
        ("see example.org.", [("url", "example.org")]),
        ("scan.dcm and report.pdf", []),
        ("write to amina@example.org!", [("email", "amina@example.org")]),
        ("@amina_d #chest", [("mention", "@amina_d"), ("hashtag", "#chest")]),
        ("🩻 /scans", [("bot_command", "/scans")]),
    ],
)
async def test_commands_addresses_and_mentions_are_found_on_both_sides(
    api: Api, amina: Person, text: str, found: list[tuple[str, str]]
) -> None:
    received = (await api("sendMessage", chat_id=amina.chat_id, text=text)).get("entities", [])
    written = (await amina.sends(text)).body.get("entities", [])
    raw = text.encode("utf-16-le")
    for entities in (received, written):
        words = [raw[one["offset"] * 2 : (one["offset"] + one["length"]) * 2].decode("utf-16-le") for one in entities]
        assert list(zip([one["type"] for one in entities], words, strict=True)) == found


async def test_nothing_is_found_inside_code_and_links(api: Api, amina: Person) -> None:
    message = await sent(api, amina, '<code>/start</code> <a href="https://x.org">y.org</a> <b>/help</b>')
    assert [one["type"] for one in message["entities"]] == ["code", "text_link", "bold", "bot_command"]


async def test_a_caption_has_1024_units_and_may_be_absent(api: Api, amina: Person) -> None:
    chat, files = str(amina.chat_id), {"document": ("a.txt", b"x")}
    assert "caption" not in (await api.upload("sendDocument", files, chat_id=chat))["result"]
    body = await api.upload("sendDocument", files, chat_id=chat, caption="x" * 1025)
    assert body["description"] == "Bad Request: message caption is too long"
    body = await api.upload("sendDocument", files, chat_id=chat, caption="<b>x</b>", parse_mode="html")
    assert body["result"]["caption"] == "x"
    assert body["result"]["caption_entities"] == [{"type": "bold", "offset": 0, "length": 1}]
