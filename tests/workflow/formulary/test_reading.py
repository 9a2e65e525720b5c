"""Typed lines, as they are written at a pharmacy's counter, and what may be taken from them."""

from dataclasses import replace
from itertools import product
from typing import Any, Final

import pytest

from workflow.formulary.load import load
from workflow.formulary.reading import read_line

AUGMENTIN = ["amoxicillin", "clavulanic acid"]
LINES: list[tuple[str, list[str], dict[str, Any]]] = [
    ("augmentin 625 bd x5d", AUGMENTIN, {"strength": "625 mg", "times_per_day": 2, "days": 5}),
    ("Tab Azithro 500 OD 3 days", ["azithromycin"], {"form": "tablet", "times_per_day": 1, "days": 3}),
    ("augmentin625bdx5d", AUGMENTIN, {"strength": "625 mg", "times_per_day": 2, "days": 5}),
    ("T. Dolo 650 1-1-1 x 3 days", ["paracetamol"], {"dose": "1 tablet", "times_per_day": 3, "days": 3}),
    ("Tab Lasix 40 mg ½-0-0", ["furosemide"], {"dose": "0.5 tablet", "times_per_day": 1}),
    ("Tab Lasix 40mg 1/2 OD", ["furosemide"], {"dose": "0.5 tablet", "times_per_day": 1}),
    ("Tab Pirfenidone 200 mg 2-2-2", ["pirfenidone"], {"dose": "2 tablets", "times_per_day": 3}),
    ("Tab X-ray Wysolone 1+0+1 10 mg", ["prednisolone"], {"times_per_day": 2, "checked": False}),
    ("Syp Calpol 250/5 5 ml TDS x 5/7", ["paracetamol"], {"strength": "250 mg/5 ml", "dose": "5 ml", "days": 5}),
    ("Syp. Augmentin DDS 457/5 7.5ml bd x7d", AUGMENTIN, {"dose": "7.5 ml", "form": "syrup", "days": 7}),
    ("Inj. Monocef 1gm IV BD", ["ceftriaxone"], {"strength": "1 g", "form": "injection", "route": "iv"}),
    ("Asthalin inhaler 2 puffs SOS", ["salbutamol"], {"dose": "2 puffs", "as_needed": True, "route": "inhaled"}),
    ("Neb salbutamol 2.5 mg q6h", ["salbutamol"], {"dose": "2.5 mg", "times_per_day": 4}),
    ("Tab Telma-AM 40/5 OD to continue", ["telmisartan", "amlodipine"], {"strength": "40/5 mg", "days": None}),
    ("telmisartan 40 mg + amlodipine 5 mg od", ["telmisartan", "amlodipine"], {"times_per_day": 1}),
    ("Tab Ecosprin AV 75/10 HS", ["aspirin", "atorvastatin"], {"times_per_day": 1}),
    ("Tab digoxin 0.25 od", ["digoxin"], {"strength": "0.25 mg"}),
    ("Tab Lanoxin 0.25 mg 5 days a week", ["digoxin"], {"times_per_day": 0.714}),
    ("Thyronorm 50 od before breakfast", ["levothyroxine"], {"strength": "50 mcg", "times_per_day": 1}),
    ("Tab methotrexate 7.5 mg once a week", ["methotrexate"], {"times_per_day": 0.143}),
    ("Tab cetirizine 10 mg alternate days x 2/52", ["cetirizine"], {"times_per_day": 0.5, "days": 14}),
    ("Calcirol 60k weekly x 8 weeks", ["colecalciferol"], {"strength": "60000 IU", "days": 56}),
    ("Inh. Seroflo 125 2 puffs bd", ["salmeterol", "fluticasone"], {"form": "inhaler", "dose": "2 puffs"}),
    ("Inj Lantus 10 units SC HS", ["insulin glargine"], {"dose": "10 units", "route": "sc", "times_per_day": 1}),
    ("Tab paracetamol 500 every 4-6 hours", ["paracetamol"], {"times_per_day": 6}),
    ("Tab Dolo 650 sos max 4/day", ["paracetamol"], {"as_needed": True, "times_per_day": None}),
    ("Tab Warf 5 mg OD 6 pm", ["warfarin"], {"times_per_day": 1}),
    ("Tab Pan 40 OD, review after 2 weeks", ["pantoprazole"], {"days": None}),
    ("diclofenac sodium 50 mg bd", ["diclofenac"], {"times_per_day": 2}),
    ("ஆக்மென்டின் 625 ஒரு நாளைக்கு இரண்டு முறை 5 நாட்கள்", AUGMENTIN, {"times_per_day": 2, "days": 5}),
    ("மெட்ஃபார்மின் 500 காலை மாலை", ["metformin"], {"times_per_day": 2}),
    ("एज़िथ्रोमाइसिन 500 दिन में एक बार 3 दिन", ["azithromycin"], {"times_per_day": 1, "days": 3}),
    ("पैन 40 सुबह खाली पेट", ["pantoprazole"], {"times_per_day": 1}),
    ("dolo 650 subah shaam 3 din", ["paracetamol"], {"times_per_day": 2, "days": 3}),
    ("tab paracitamol 500 tds", ["paracetamol"], {"times_per_day": 3}),
    ("levocitrizine 5 mg hs", ["levocetirizine"], {"times_per_day": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "substances", "said"), LINES, ids=[line[0] for line in LINES])
def test_a_line_is_read_as_it_is_meant(text: str, substances: list[str], said: dict[str, Any]) -> None:
    """Each line is a medicine, and in no doubt unless the table says so."""
    line = read_line(text).as_dict()
    assert (line["kind"], line["substances"]) == ("medicine", substances)
    assert {key: line[key] for key in {"checked": True, **said}} == {"checked": True, **said}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("question", "pt allergic to penicillin?"),
        ("question", "can we give levofloxacin with theophylline"),
        ("question", "kya mareez ko sugar hai"),
        ("advice", "steam inhalation tds"),
        ("advice", "plenty of fluids"),
        ("advice", "review after 1 week"),
        ("advice", "stop smoking"),
        ("advice", "Avoid NSAIDs"),
        ("advice", "Stop metformin"),
        ("advice", "गरम पानी से गरारे करें दिन में तीन बार"),
        ("advice", "வெந்நீரில் ஆவி பிடிக்கவும்"),
        ("unclear", "Tab xxxx 500 bd"),
        ("unclear", "cap (illegible) 1-0-1 x 5d"),
        ("unclear", "known case of asthma, allergic to aspirin"),
    ],
)
def test_a_question_and_advice_are_no_medicine(kind: str, text: str) -> None:
    """Nothing is checked in them, and no medicine is prescribed by them."""
    line = read_line(text)
    assert (line.kind, line.checked) == (kind, False)


@pytest.mark.parametrize(
    "text",
    [
        "Tab dolo 650 tds and tab azithral 500 od",  # two medicines
        "Tab Ciplox 500 bd + Tab Flagyl 400 tds",
        "Tab Telma XY 40 od",  # another product, perhaps
        "Tab Stamlo-Z 5 od",
        "Tab Pan plus 40 od",
        "Tab prednisolne 10 mg bd",  # prednisone or prednisolone
        "Tab cefxime 200 or cefuroxime bd",
        "Tab Dolo 500-650 mg tds",  # a range
        "Tab Dolo 1-2 tabs tds",
        "paracetamol 15 mg/kg tds",
        "Tab Wysolone 40 mg od x 5 days then 20 mg od x 5 days",
        "Tab Dolo 650 od bd",  # twice said, and differently
        "Tab Warf 2? 3? mg OD",
        "Tab Amoxicillin 5000 mg TDS",  # a slip of the pen
        "Tab Digoxin 250 mg OD",
        "Tab Metformin BD",  # no strength
        "Syp Calpol 5 ml tds",  # of two strengths
        "Tab Augmentin 1 tab bd",
        "Tab Telma-AM 1 od",  # sold in two strengths
        "Syp Calpol 250 mg bd 5 bd",
        "Tab Azithro 5OO od",  # letters for digits
        "Budecort 200 inhaler bd",  # how many puffs?
        "Tab acarbose 50 tds",  # nothing is held about it
        "Inj Novomix 30 20-0-16 units",  # not the same in the morning and at night
        "Tab Lendormin 0.25 hs",  # not known, and near to Tenormin
        "Tab Levocef 500 bd",  # not known, and near to Levocet
        "Tab clonazepam 1 hs",  # one tablet, or one milligram
    ],
)
def test_a_line_in_doubt_is_never_checked(text: str) -> None:
    """Unclear lines stay as text; doubtful doses are not taken as known."""
    assert read_line(text).checked is False


LOOK_ALIKES = [
    ("prednisolone", "prednisone"), ("hydroxyzine", "hydralazine"), ("cefixime", "cefuroxime"),
    ("losartan", "valsartan"), ("clonidine", "clonazepam"), ("metoprolol", "metoclopramide"),
    ("carvedilol", "labetalol"), ("amlodipine", "amiloride"), ("chlorphenamine", "chlorpromazine"),
    ("glimepiride", "glipizide"), ("lamotrigine", "lamivudine"), ("azithromycin", "erythromycin"),
    ("cetirizine", "cinnarizine"), ("isoniazid", "nicorandil"), ("rifampicin", "rifaximin"),
    ("atenolol", "timolol"), ("torasemide", "furosemide"), ("dopamine", "dobutamine"), ("quinine", "quinidine"),
]  # fmt: skip


@pytest.mark.parametrize("pair", LOOK_ALIKES)
def test_a_misspelt_name_is_never_its_look_alike(pair: tuple[str, str]) -> None:
    """One letter left out, doubled, changed or exchanged: it is the medicine, or nothing."""
    for name, other in (pair, pair[::-1]):
        for typed in _misspelt(name):
            assert other not in read_line(f"Tab {typed} 10 mg od").substances, typed


@pytest.mark.slow
def test_a_misspelt_generic_name_is_that_medicine_or_nothing() -> None:
    """For every substance of the formulary: a letter left out, and one changed, at every place."""
    formulary = load()
    exact = {name for one in formulary.products for name in (one.name.lower(),)}
    for name in (one for one in formulary.substances if " " not in one and len(one) >= 6):
        for place in range(1, len(name), 2):
            for typed in (name[:place] + name[place + 1 :], name[:place] + "q" + name[place + 1 :]):
                found = read_line(f"Tab {typed} 10 mg od").substances
                assert not found or found == (name,) or typed in exact, (typed, found)


def _misspelt(name: str) -> list[str]:
    places = range(1, len(name) - 1)
    left_out = [name[:at] + name[at + 1 :] for at in places]
    doubled = [name[:at] + name[at] + name[at:] for at in places]
    exchanged = [name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in places]
    changed = [name[:at] + letter + name[at + 1 :] for at in places for letter in "aeio"]
    return left_out + doubled + exchanged + changed


IN_WORDS: Final = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
SAYINGS: Final = (
    "{} times a day", "{} times daily", "{} times per day", "{} times in a day", "{} times every day",
    "{} time a day", "{} x a day", "{} x daily", "{} x/day", "one tablet {} times a day",
)  # fmt: skip


def test_a_number_in_words_is_read_like_its_figure() -> None:
    """How often, in every saying; "three times a day" is not three tablets once."""
    for saying, (figure, word) in product(SAYINGS, IN_WORDS.items()):
        days = "for five days" if figure == 3 else ""
        typed = [
            replace(read_line(f"Paracetamol 500 mg {saying.format(number)} {days}"), text="")
            for number in (figure, word)
        ]
        assert typed[0] == typed[1], saying
        assert (typed[0].times_per_day, typed[0].checked) == (figure, True), saying
        assert typed[0].dose in {"500 mg", "1 tablet"}, saying


def test_do_is_two_before_a_unit_and_else_a_doubt() -> None:
    for unit in ("tab", "tablet", "goli", "caps"):
        line = read_line(f"Amoxicillin 500 mg do {unit} bd do hafte")
        assert (line.dose or "").startswith("2 "), unit
        assert (line.days, line.checked) == (14, True), unit
    for typed in ("Amoxicillin 500 mg do bd", "Amoxicillin 500 mg -do- bd x 5 days"):
        assert not read_line(typed).checked, typed
    assert read_line("Omeprazole 20 mg od, do not crush").checked


@pytest.mark.parametrize("long", ["999999999999 days", "1,000,000 days", "11 years", "௯௯௯௯௯௯ days", "⑳⑳⑳⑳⑳⑳ weeks"])
def test_a_time_of_more_than_ten_years_is_a_doubt(long: str) -> None:
    line = read_line(f"Paracetamol 500 mg bd x {long}")
    assert (line.days, line.checked) == (None, False)
    assert read_line("Paracetamol 500 mg bd x 10 years").days == 3650
