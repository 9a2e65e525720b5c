"""Reads a typed line: medicine, advice or question; never more sure than the line is."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from workflow.formulary.amounts import FORM_OF_UNIT, Resolved, Resolver
from workflow.formulary.doses import LIQUIDS, Strength, Written, is_plausible, read_amounts, sold, way_of
from workflow.formulary.draft import Draft, first_words, is_cancelled, is_question, known_words, phrases, vocabulary
from workflow.formulary.frequency import Times, read_days, read_times
from workflow.formulary.index import UNKNOWN, Found, index_of, one_medicine
from workflow.formulary.load import Formulary, load
from workflow.formulary.records import Amount, PrescriptionLine, Product
from workflow.formulary.text import TOKEN, normalise, tokens

SUFFIX: Final = 3  # letters
MONTH: Final = 31  # days; a number up to it, with a letter of DURATIONS, may be how long
DURATIONS: Final = frozenset({"d", "w", "m"})
PREPOSITIONS: Final = frozenset({"a", "at"})
TIMES_OR_SUFFIXES: Final = PREPOSITIONS | {"am"}  # "Telma 40 AM" in the morning, or with amlodipine
MAX_LINE: Final = 300  # characters, as typed and as normalised: the time grows with their square
NAME: Final = "‡"  # stands where a medicine's name was
INJECTED: Final = frozenset({"iv", "im", "sc"})
ROUTE_OF_FORM: Final = {
    "inhaler": "inhaled", "rotacap": "inhaled", "respule": "inhaled", "cream": "topical", "ointment": "topical",
    "gel": "topical", "lotion": "topical", "nebulised": "inhaled",
}  # fmt: skip
_PREFIX: Final = re.compile(r"(?<![a-z])(t|c|tab|cap|syp|inj)\s*[.\-/]\s*(?=[a-z])|^(t|c)\s+(?=[a-z])")
_NOTE: Final = re.compile(r"\b(?:allergic|known case|k/c/o|h/o|history of|c/o)\b")
_DITTO: Final = re.compile(r"\bdo\b(?!\s+not\b)")  # "the same", or Hindi's two, unless a phrase has explained it
_NUMBER_AFTER: Final = re.compile(r"\d+$")


def read_line(text: str, formulary: Formulary | None = None) -> PrescriptionLine:
    """Read one typed line. `checked` only where substance and dose are known without a doubt.

    A line of more than `MAX_LINE` characters is unclear. The lines read last are remembered: every card reads them."""
    return _read(" ".join(text.split()), formulary or load())


@lru_cache(maxsize=2000)
def _read(plain: str, formulary: Formulary) -> PrescriptionLine:
    written = normalise(plain[:MAX_LINE])
    if len(plain) > MAX_LINE or len(written) > MAX_LINE:
        return PrescriptionLine(plain, "unclear")
    if is_question(written, formulary):
        return PrescriptionLine(plain, "question")
    line = _Reader(plain, written, formulary).read()
    return replace(line, kind="unclear", checked=False, amounts=()) if "?" in written else line


class _Reader:
    def __init__(self, text: str, written: str, formulary: Formulary) -> None:
        self._text, self._formulary, self._index = text, formulary, index_of(formulary)
        self._draft = Draft(_PREFIX.sub(lambda m: f"{m.group(1) or m.group(2)}. ", written))
        self._written = written
        self._another = False  # a suffix may make another product of the name
        self._names = self._take_names()
        self._translate()

    def _take_names(self) -> list[Found]:
        """Names as they are written, taken out of the draft from the left."""
        found: list[Found] = []
        places = list(TOKEN.finditer(self._draft.text))
        words = [tokens(place.group(0))[0] for place in places]
        at = 0
        while at < len(words):
            name = self._index.exact(words, at)
            if name is not None:
                found.append(name)
                self._take_suffix(name, found, places, words)
            at = name.end if name is not None else at + 1
        if len(found) > 1:  # "Inh. Seroflo": the inhaler, not isoniazid
            found = [name for name in found if words[name.start : name.end] != ["inh"]]
        self._another |= any(self._is_suffix(self._draft.text, places, words, name.end) for name in found)
        for name in reversed(found):
            start, end = places[name.start].start(), places[name.end - 1].end()
            number = self._strength_in(name)
            self._draft.text = f"{self._draft.text[:start]} {NAME} {number} {self._draft.text[end:]}"
        return found

    def _take_suffix(self, name: Found, found: list[Found], places: Sequence[re.Match[str]], words: list[str]) -> None:
        """A suffix after the strength ("Telma 40 H"): another product; where it may also mean a time, a doubt."""
        number = name.end - (words[name.end - 1][0].isdigit())  # "Pan 40" is itself a name
        at = number + 1 + (words[number + 1 : number + 2] in (["mg"], ["mcg"]))
        if (
            at >= len(words)
            or not (words[number][0].isdigit() and words[at].isalpha())
            or self._draft.text[places[at].end() :][:1] in {"/", "."}
        ):
            return
        suffix, product = words[at], self._index.suffixed(name.product, words[at])
        figure = float(words[number])
        sold_so = any(one.amount == figure for one in self._sold(name.product))
        is_time = suffix in DURATIONS and at == number + 1 and figure <= MONTH
        at_a_time = suffix == "at" and words[at + 1 : at + 2] and words[at + 1] in known_words(self._formulary)
        self._draft.doubtful |= (product is not None and (is_time or suffix in TIMES_OR_SUFFIXES)) or (
            suffix == "at" and not at_a_time
        )
        if product is not None and suffix not in PREPOSITIONS and (sold_so or not is_time):
            found[-1] = name._replace(product=product, end=number)
            start, end = places[at].span()
            self._draft.text = f"{self._draft.text[:start]}{' ' * (end - start)}{self._draft.text[end:]}"
        elif product is None and not is_time and suffix not in {*self._formulary.words["suffix"]["safe"], "am"}:
            self._another |= suffix in DURATIONS or self._index.is_suffix(suffix)

    def _sold(self, product: Product) -> Sequence[Strength]:
        substance = self._formulary.substances.get(product.substances[0])
        return sold(substance) if substance is not None else ()

    def _strength_in(self, name: Found) -> str:
        """The strength that a brand's name ends in ("P-650"), to be read as if it stood beside it."""
        match = _NUMBER_AFTER.search(normalise(name.product.name))
        if match is None or len(name.product.substances) > 1:
            return ""
        return match.group(0) if any(one.amount == float(match.group(0)) for one in self._sold(name.product)) else ""

    def _translate(self) -> None:
        words = vocabulary(self._formulary, "translate")
        text = words.pattern.sub(lambda match: f" {words.meaning[match.group(0)]} ", self._draft.text)
        self._draft.text = " ".join(text.split())  # as the phrases after it are written
        self._draft.doubtful |= bool(_DITTO.search(self._draft.text))

    def read(self) -> PrescriptionLine:
        draft, formulary = self._draft, self._formulary
        stopped = self._is_stopped()
        tapered = bool(phrases(formulary, "noise", "tapered").search(draft.text))
        times = read_times(draft, formulary)
        days = read_days(draft)
        liquid = bool(re.search(r"\b(?:syp|syr|syrup|susp|suspension|sy|drops|liquid)\b", draft.text))
        amounts = read_amounts(draft, formulary, liquid)
        routes = draft.take_words(vocabulary(formulary, "routes"))
        forms = draft.take_words(vocabulary(formulary, "forms"))
        form = forms[0] if forms else None
        if form is None and amounts.counts:
            form = FORM_OF_UNIT.get(amounts.counts[0][1])
        route = routes[0] if routes else None
        if form is None and route == "nebulised":
            form = "respule"
        evidence = bool(amounts or form or times.per_day or times.as_needed or days)
        poured = "syrup" if form in LIQUIDS or amounts.volumes else form
        products, sure = self._products(evidence, "injection" if route in INJECTED else poured)
        if stopped or self._is_advice(products, evidence, amounts):
            return PrescriptionLine(self._text, "advice")
        if not products or _NOTE.search(self._written):
            return PrescriptionLine(self._text, "unclear")
        resolved = Resolver(formulary, products, form, times.pattern).resolve(amounts)
        draft.doubtful = draft.doubtful or resolved.doubtful or tapered
        return self._line(products, sure, form, route, times, days, resolved)

    def _is_stopped(self) -> bool:
        """The line begins with a word that takes a medicine away, or says that it is cancelled."""
        stopping = phrases(self._formulary, "advice", "stopping")
        return bool(stopping.match(self._draft.text.strip())) or is_cancelled(self._written, self._formulary)

    def _is_advice(self, products: Sequence[Product], evidence: bool, amounts: Written) -> bool:
        advice = phrases(self._formulary, "advice", "words")
        if products:
            return not evidence and advice.search(self._written) is not None
        return advice.match(self._written) is not None or (
            not amounts.masses and advice.search(self._translated()) is not None
        )

    def _translated(self) -> str:
        words = vocabulary(self._formulary, "translate")
        return f"{words.pattern.sub(lambda match: f' {words.meaning[match.group(0)]} ', self._written)} {self._written}"

    def _products(self, evidence: bool, form: str | None) -> tuple[list[Product], bool]:
        """The medicines of the line, and whether nothing unexplained stands beside them."""
        left = self._unexplained()
        names = [found.product for found in self._names]
        products = [self._formulary.by_form.get((name.name.lower(), form or ""), name) for name in names]
        guessed = [(word, self._index.similar(word)) for word in left] if evidence or not products else []
        similar = [product for _, product in guessed if product is not None]
        self._another = self._another or any(self._is_suffixed(word) for word, product in guessed if product)
        if len(left) > 1 and not similar and not products and evidence:
            joined = self._index.similar("".join(left[:2]))
            similar, left = ([joined], left[2:]) if joined is not None else (similar, left)
        if not products and similar and (evidence or len(left) == 1):
            explained = {word for word, product in guessed if product is not None}
            return similar, not set(left) - explained
        return products + similar, not left

    def _unexplained(self) -> list[str]:
        known = known_words(self._formulary)
        words = [place.group(0) for place in TOKEN.finditer(self._draft.text)]
        return [word for word in words if not word[0].isdigit() and word not in known and len(word) > 1]

    def _line(  # noqa: PLR0913, PLR0917 # one argument for each thing that a line says
        self, products: Sequence[Product], sure: bool, form: str | None, route: str | None,
        times: Times, days: int | None, resolved: Resolved,
    ) -> PrescriptionLine:  # fmt: skip
        formulary = self._formulary
        substances = one_medicine(products, formulary)
        together = tuple(dict.fromkeys(name for product in products for name in product.substances))
        clear = bool(substances) and not self._another and (times.statements < 2 or len(products) == 1)
        known = all(product.pack != UNKNOWN for product in products)
        checked = clear and sure and known and not self._draft.doubtful and resolved.singles is not None
        amounts = _amounts(resolved, times, self._draft.doubtful) if clear else ()
        checked = checked and (
            len(amounts) > 1 or all(is_plausible(formulary.substances[one.substance], one.single) for one in amounts)
        )
        return PrescriptionLine(
            text=self._text,
            kind="medicine" if clear else "unclear",
            substances=substances or together,
            strength=resolved.strength if clear else None,
            form=form,
            dose=resolved.dose if clear else None,
            times_per_day=times.per_day if clear else None,
            as_needed=times.as_needed,
            days=days if clear else None,
            route=ROUTE_OF_FORM.get(route or form or "", route),
            checked=checked,
            amounts=amounts,
            used=way_of(route, form, formulary.substances.get((substances or together)[0])),
        )

    def _is_suffixed(self, guessed: str) -> bool:
        """The same, of a name that is misspelt ("Abphyllin-N")."""
        text = self._draft.text
        places = list(TOKEN.finditer(text))
        words = [place.group(0) for place in places]
        return any(word == guessed and self._is_suffix(text, places, words, at) for at, word in enumerate(words, 1))

    def _is_suffix(self, text: str, places: Sequence[re.Match[str]], words: Sequence[str], at: int) -> bool:
        """A short word right after a name ("Telma XY") may make another product of it."""
        if at >= len(words) or text[places[at - 1].end() : places[at].start()].strip(" -"):
            return False
        names = self._formulary.words["suffix"]
        word = words[at]
        return not (word[0].isdigit() or word in first_words(self._formulary)) and (
            word in names["another"] or (len(word) <= SUFFIX and word not in names["safe"])
        )


def _amounts(resolved: Resolved, times: Times, doubtful: bool) -> tuple[Amount, ...]:
    if resolved.singles is None or doubtful:
        return ()
    pattern = times.pattern
    often = None if times.per_day is None else max(times.per_day, 1.0)
    if pattern and len(set(pattern)) > 1:
        often = sum(pattern) / max(pattern)
    return tuple(
        Amount(name, single, None if often is None else single * often) for name, single in resolved.singles.items()
    )
