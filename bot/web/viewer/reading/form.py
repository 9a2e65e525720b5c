"""The form of a reading as data: its groups of buttons and fields, each with the act that it asks for.

A node is a group (`title`, `parts`), a set of buttons (`choices`) or a field (`field`); the page's script shows them as
they come and knows nothing of readings."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from handlers.ui.callbacks import CardAction
from handlers.ui.texts import Texts, plain_text
from handlers.views.cards import draft_lines
from handlers.views.reading import consistency, ready
from handlers.views.reading.draft import MODEL_COMMENTS, report_word
from handlers.views.reading.model_answer import short_answer
from models.tables.scans import Scan
from models.vocabulary import Band
from reports.content.phrases import COMMON_DIAGNOSES, COMMON_PHRASES
from reports.content.reading import REGIONS, Region
from workflow.guards import needs_own_reading
from workflow.reporting.language import ready_text, report_language
from workflow.scans.draft_edits import MAX_PHRASE_NAME, MAX_REASON, MAX_TEXT
from workflow.scans.draft_hash import draft_hash
from workflow.scans.drafts import kept_drafts
from workflow.scans.presets import OwnPhrase
from workflow.scans.reading import Reason, modality_of, offered, regions_of

Node = dict[str, Any]
WORDS: Final = ("own_reading", "findings", "impression", "recommendations")


class Presets(NamedTuple):
    """The doctor's last used ready readings, and own phrases."""

    recent: Sequence[str]
    phrases: Sequence[OwnPhrase]


def editable(scan: Scan, presets: Presets, texts: Texts) -> Node:
    """The draft in words, what stands against it, everything that changes it, and what signs it."""
    signs = [] if scan.reading is None or needs_own_reading(scan) else _signs(scan, texts)
    return {
        "shown": draft_hash(scan),
        "text": draft_text(scan, texts),
        "notes": [plain_text(line) for line in consistency.warnings(scan, texts)] if scan.reading else [],
        "parts": [part for part in _parts(scan, presets, texts) if part],
        "signs": signs,
    }


def draft_text(scan: Scan, texts: Texts) -> str:
    """The whole text that a signature signs, line by line."""
    return plain_text("\n".join(draft_lines(scan, texts, whole=True)))


def difference(scan: Scan, texts: Texts) -> Node:
    """The model's answer beside the differing reading, and the button that signs all the same."""
    assert scan.finding is not None
    answer, percent = short_answer(scan.finding, texts), texts.percent(scan.finding.confidence)
    lines = [
        texts("conflict.ask_difference", scan=scan.id),
        texts("conflict.model_says", answer=answer, percent=percent),
    ]
    return {
        "notes": [plain_text(line) for line in lines],
        "signs": [_keyed(texts, "button.seen_difference", "sign_different")],
    }


def _parts(scan: Scan, presets: Presets, texts: Texts) -> Iterable[Node | None]:
    yield _ready(scan, presets, texts)
    yield _regions(scan, texts)
    yield _group(texts.plain("viewer.words"), _words(scan, texts), is_open=True)
    yield _group(texts.plain("viewer.colour"), [_choices(_bands(scan, texts))], is_open=True)
    if scan.reading is None:
        return
    if scan.finding is not None and not scan.finding.uncertain:
        yield _group(texts.plain("viewer.why"), _why(scan, texts))
    yield _own_phrases(scan, presets, texts)
    kept = [
        choice(texts.plain("button.start_from", name=one.doctor.name), "start_from", number=one.number)
        for one in kept_drafts(scan)
    ]
    yield _group(texts.plain("viewer.kept"), [_choices(kept)]) if kept else None
    for about in consistency.reason_subjects(scan):
        yield _group(plain_text(texts(f"viewer.{about}")), _reasons(about, texts), is_open=True)
    if scan.critical is None:
        alert = choice(texts.plain(f"button.{CardAction.CRITICAL}"), "critical")
        yield _group(texts.plain("viewer.alert"), [_choices([alert])])


def _ready(scan: Scan, presets: Presets, texts: Texts) -> Node:
    """Ready readings: those that begin a draft anew, then those that are added, by region."""
    modality, possible = modality_of(scan), offered(scan)
    begun = scan.reading is not None
    add = "add" if begun else "ready"
    common = [name for name, one in COMMON_DIAGNOSES.items() if one.modality == modality and name in possible]
    last = [name for name in presets.recent if name in possible and name not in common][: ready.MOST_RECENT]
    parts = [_choices([_diagnosis(name, texts, add) for name in last])] if last else []
    anew = _choices([_diagnosis(name, texts, "ready") for name in common])
    parts.append(_group(texts.plain("viewer.begin_again"), [anew]) if begun else anew)
    for region in REGIONS[modality]:
        codes = [code for family in ready.offered_families(scan) if family.region == region for code in family.codes]
        if codes:
            title = report_word(texts, "region", region)
            parts.append(_group(title, [_choices([_diagnosis(code, texts, add) for code in codes])]))
    return _group(texts.plain("viewer.add_ready" if begun else "viewer.ready"), parts, is_open=not begun)


def _diagnosis(name: str, texts: Texts, act: str) -> Node:
    return choice(report_word(texts, "diagnosis", name), act, name=name)


def _regions(scan: Scan, texts: Texts) -> Node:
    seen = regions_of(scan)
    rest = choice(texts.plain("button.rest_normal"), "rest")
    groups = [_region(region, seen.get(region), texts) for region in REGIONS[modality_of(scan)]]
    return _group(texts.plain("viewer.regions"), [_choices([rest]), *groups], is_open=True)


def _region(region: Region, seen: Node | None, texts: Texts) -> Node:
    """One region: normal, its phrases, typed words. Each button states the new value, so that two presses are one."""
    chosen = (seen or {}).get("phrases", ())
    typed = (seen or {}).get("text") or ""
    normal = seen is not None and not chosen and not typed
    mark = "⚪" if seen is None else "✅" if normal else "✏️"
    common = COMMON_PHRASES[region]
    picks = [choice(report_word(texts, "reading", "normal"), "phrase", name=region, pressed=normal)]
    for code in (*common, *(one for one in chosen if one not in common)):
        label, on = report_word(texts, "phrase", code), code in chosen
        picks.append(choice(label, "phrase", name=region, code=code, on=not on, pressed=on))
    name = report_word(texts, "region", region)
    words = _field(f"{texts.plain('button.in_words')}: {name}", typed, "words", MAX_TEXT, name=region)
    return _group(f"{mark} {name}", [_choices(picks), words], key=f"region {region}")


def _words(scan: Scan, texts: Texts) -> list[Node]:
    names = ["own_reading"] if scan.finding is not None and scan.finding.uncertain else []
    values = {name: getattr(scan.reading, name) or "" for name in WORDS} if scan.reading else dict.fromkeys(WORDS, "")
    return [
        _field(texts.plain(f"viewer.{name}"), values[name], "typed", MAX_TEXT, name=name)
        for name in (*names, "findings", "impression", "recommendations")
    ]


def _bands(scan: Scan, texts: Texts) -> list[Node]:
    chosen = scan.reading.band if scan.reading else None
    return [choice(texts.plain(f"band.{band}"), "band", name=band, pressed=band == chosen) for band in Band]


def _why(scan: Scan, texts: Texts) -> list[Node]:
    """The doctor's comment on the model's answer."""
    assert scan.reading is not None
    given = scan.reading.why or ""
    picks = [
        choice(report_word(texts, "why", name), "why", name=name, pressed=given == f"why.{name}")
        for name in MODEL_COMMENTS
    ]
    typed = "" if given.startswith("why.") else given
    return [_choices(picks), _field(texts.plain("button.in_words"), typed, "typed", MAX_TEXT, name="why")]


def _own_phrases(scan: Scan, presets: Presets, texts: Texts) -> Node | None:
    assert scan.reading is not None
    uses = [choice(one.name, "use_phrase", number=one.number) for one in presets.phrases]
    parts = [_choices(uses)] if uses else []
    if scan.reading.impression:
        parts.append(_field(texts.plain("viewer.keep_phrase"), "", "keep_phrase", MAX_PHRASE_NAME, line=True))
    return _group(texts.plain("button.own_phrases"), parts) if parts else None


def _reasons(about: Reason, texts: Texts) -> list[Node]:
    language = report_language(texts.language)
    picks = [
        choice(ready_text(language, about, name), "reason", name=about, code=name)
        for name in consistency.READY_REASONS[about]
    ]
    return [_choices(picks), _field(texts.plain("button.in_words"), "", "reason", MAX_REASON, name=about)]


def _signs(scan: Scan, texts: Texts) -> list[Node]:
    if scan.finding is not None and not scan.finding.uncertain:
        agree, disagree = CardAction.VERIFY_AGREE, CardAction.VERIFY_DISAGREE
        return [choice(texts.plain(f"button.{one}"), "sign", agrees=one is agree) for one in (agree, disagree)]
    return [_keyed(texts, f"button.{CardAction.VERIFY}", "sign")]


def _keyed(texts: Texts, key: str, act: str) -> Node:
    return choice(texts.plain(key), act)


def choice(label: str, act: str, *, pressed: bool | None = None, **about: object) -> Node:
    """A button and the act that it asks for."""
    node: Node = {"label": label, "act": {"act": act, **about}}
    return node if pressed is None else {**node, "pressed": pressed}


def _choices(choices: Iterable[Node]) -> Node:
    return {"choices": list(choices)}


def _field(title: str, value: str, act: str, most: int, *, line: bool = False, **about: object) -> Node:
    return {"field": {"act": act, **about}, "title": title, "value": value, "most": most, "line": line}


def _group(title: str, parts: Iterable[Node], *, is_open: bool = False, key: str = "") -> Node:
    return {"title": title, "key": key or title, "parts": list(parts), "open": is_open}
