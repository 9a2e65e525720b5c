"""A patient's allergies, and the medicines that they forbid: the substance, its class, what may cross-react."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from rapidfuzz.distance import OSA

from workflow.formulary.draft import whole_words
from workflow.formulary.index import index_of, names_in
from workflow.formulary.load import Formulary
from workflow.formulary.records import Alert, Kind, Level, PrescriptionLine
from workflow.formulary.text import normalise, tokens

SHORTEST_TYPO: Final = 7
TYPO: Final = 2
_CLAUSE: Final = re.compile(r"[,;]|\.\s|\b(?:but|except)\b")
_DENIED: Final = re.compile(
    r"\b(?:no|not|denies|denied|nil|never)\b.*\b(?:allerg\w*|react\w*|problem)\b"
    r"|(?<!not )(?<!cannot )(?<!can't )\btolerat\w*|\b(?:is|are) (?:ok|safe|fine)\b|\bcan take\b"
    r"|(?<!suit )\bnahi\s*$|[:-]\s*(?:no|nil|none|negative)\s*$|\b(?:ruled out|tested negative)\b"
    r"|\b(?:family|father|mother|sister|brother)\b"
)
MAX_TEXT: Final = 600  # characters of one text that are read, before and after folding


class Allergy(NamedTuple):
    """One allergy: substances by name, classes by name, and how bad it was."""

    text: str
    substances: frozenset[str]
    groups: frozenset[str]
    severe: bool
    intolerance: bool


def read_allergies(texts: Iterable[str], formulary: Formulary) -> list[Allergy]:
    """Allergies as people write them: "penicillin - rash", "anaphylaxis to Augmentin", "sulfa". "NKDA" is none."""
    found = []
    for text in texts:
        written = normalise(text[:MAX_TEXT])[:MAX_TEXT]
        if written.strip(" .") in formulary.raw["allergies"]["reactions"]["none"]:
            continue
        substances, groups = _agents(_without_denied(written), formulary)
        if substances or groups:
            severe = bool(_reaction(formulary, "severe").search(written))
            intolerance = not severe and bool(_reaction(formulary, "intolerance").search(written))
            found.append(Allergy(text, substances, groups, severe, intolerance))
    return found


def _without_denied(written: str) -> str:
    """The clauses that do not say that a medicine is borne well. "No penicillin" forbids it, and stays."""
    return ", ".join(clause for clause in _CLAUSE.split(written) if not _DENIED.search(clause))


@cache
def _reaction(formulary: Formulary, kind: str) -> re.Pattern[str]:
    words = formulary.raw["allergies"]["reactions"][kind]
    return re.compile(r"(?<!no )\b(?:" + "|".join(map(re.escape, words)) + ")")


@lru_cache(maxsize=2000)
def _agents(written: str, formulary: Formulary) -> tuple[frozenset[str], frozenset[str]]:
    groups = _named_groups(written, formulary)
    substances = set(names_in(written, formulary))
    if not groups and not substances:
        similar = [index_of(formulary).similar(word) for word in tokens(written) if len(word) >= SHORTEST_TYPO]
        substances = {name for product in similar if product is not None for name in product.substances}
    return frozenset(substances), groups | {name for name, of in _groups(formulary).items() if of & substances}


def _named_groups(written: str, formulary: Formulary) -> frozenset[str]:
    found = set()
    for name, entry in formulary.raw["allergies"]["groups"].items():
        words = [normalise(word) for word in entry["words"]]
        if whole_words(words).search(written) or any(_is_typo(token, words) for token in tokens(written)):
            found.add(name)
    return frozenset(found)


def _is_typo(token: str, words: Sequence[str]) -> bool:
    return len(token) >= SHORTEST_TYPO and any(
        len(word) >= SHORTEST_TYPO and OSA.distance(token, word, score_cutoff=TYPO) <= TYPO for word in words
    )


@cache
def _groups(formulary: Formulary) -> Mapping[str, frozenset[str]]:
    return {name: formulary.expand(entry["of"]) for name, entry in formulary.raw["allergies"]["groups"].items()}


def allergy_alerts(
    allergies: Sequence[Allergy], lines: Sequence[PrescriptionLine], formulary: Formulary
) -> Iterator[Alert]:
    """One alert for each prescribed substance and allergy: the strongest that holds."""
    for allergy in allergies:
        for name in dict.fromkeys(name for line in lines for name in line.substances):
            alert = _alert(allergy, name, formulary)
            if alert is not None:
                yield alert


def _alert(allergy: Allergy, name: str, formulary: Formulary) -> Alert | None:
    groups = formulary.raw["allergies"]["groups"]
    direct = Level.WARN if allergy.intolerance else Level.STOP
    own = sorted(group for group in allergy.groups if name in _groups(formulary)[group])
    if name in allergy.substances:
        source = (
            groups[own[0]]["source"]
            if own
            else "product label: contraindicated after hypersensitivity to the substance"
        )
        return Alert(Kind.ALLERGY, direct, (name,), f"the patient reacted to {name} before ({allergy.text})", source)
    for group in own:
        if not allergy.intolerance or groups[group].get("class_effect"):
            why = f"{name} belongs to the class the patient reacted to: {group} ({allergy.text})"
            return Alert(Kind.ALLERGY, direct, (name,), why, groups[group]["source"])
    if allergy.intolerance:
        return None
    crossed = (
        cross for group in sorted(allergy.groups) for cross in groups[group].get("cross", ())
        if name in formulary.expand(cross["of"])
    )  # fmt: skip
    return next((alert for cross in crossed if (alert := _crossed(allergy, name, cross)) is not None), None)


def _crossed(allergy: Allergy, name: str, cross: Mapping[str, Any]) -> Alert | None:
    level = cross["level"] if allergy.severe else cross.get("mild")
    if level is None:
        return None
    return Alert(Kind.ALLERGY, Level(level), (name,), f"{cross['why']} ({allergy.text})", cross["source"])
