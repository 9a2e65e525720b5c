"""The locale catalogues, and a checker of Telegram's HTML."""

from html.parser import HTMLParser
from string import Formatter
from zoneinfo import ZoneInfo

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from handlers.ui.texts import LOCALES, HospitalInfo

LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir() if folder.is_dir())


HOSPITAL = HospitalInfo("St. Mary's <Hospital> & Sons", "112 / 108", ZoneInfo("Asia/Kolkata"))


TAGS = {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}


def catalogue(language: str) -> Catalog:
    with (LOCALES / language / "csss.po").open("rb") as file:
        return read_po(file)


def sentences(language: str) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalogue(language) if message.id}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


class Telegrams(HTMLParser):
    """Accepts the HTML of Telegram's parser: known tags, closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag not in TAGS or (attrs and tag != "a"):
            self.wrong.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_entityref(self, name: str) -> None:
        if name not in {"lt", "gt", "amp", "quot"}:
            self.wrong.append(f"&{name};")


def faults(text: str) -> list[str]:
    parser = Telegrams()
    parser.feed(text)
    parser.close()
    return parser.wrong + parser.open
