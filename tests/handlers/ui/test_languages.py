"""Three equivalent catalogues, and people who each read their own (keys and placeholders: test_sentences)."""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from unicodedata import name as character_name

import pytest
from babel.messages.pofile import read_po

from bot.dev.sandbox.api.links import units
from handlers.ui import texts
from handlers.ui.menus import MENUS
from handlers.ui.texts import LOCALES, Catalogues, plain_text
from handlers.ui.texts import HospitalInfo as Place
from models.tables.scans import Scan
from models.vocabulary import Language
from reports.pdf.words import catalogue
from tests.support.people import CODE, Clinic
from workflow.reporting.builder import Pictures, build_document

LANGUAGES = ("en", "hi", "ta")
OTHERS = ("hi", "ta")
SCRIPTS = {"hi": "DEVANAGARI", "ta": "TAMIL"}
OWN_SCRIPT = {"language.en", "language.hi", "language.ta", "web.worklist_keys"}  # the last names keys

# Words used in English in a hospital anyway, units, file kinds and the names of drugs.
LATIN = {
    "OTP",
    "AI",
    "MRI",
    "STAT",  # staff alone read it
    "PDF",
    "CSV",
    "JSON",
    "UTF",
    "SHA",
    "JPG",
    "PNG",
    "DICOM",
    "ZIP",
    "MB",
    "mg",
    "ml",
    "opacity",
    "recall",
    "compress",
    "model",
    "card",
    "log",
}
NAMES = {"WhatsApp", "Telegram", "Twilio", "STARTTLS", "HEIC", "DICOMDIR", "AUC", "iPhone", "CT"} | {
    *("Zip", "WinZip", "ZArchiver", "RAR")
}
CARDIAC = {"short", "axis", "end", "systole", "diastole"}  # terms of cardiac MRI, beside their translation
SETTING = re.compile(r"CSSS_[A-Z_]+")
DRUGS = {"Paracetamol", "Dextromethorphan", "Amoxicillin"}
EXAMPLE = "amina@example.org"

TAG = re.compile(r"<[^>]*>")
COMMAND = re.compile(r"(?<![\w<])/[a-z]+(?: (?:refused|verify|P\d+|[a-z.]+@[a-z.]+))?")
NUMBER = re.compile(r"\d+(?:\.\d+)*")
SIGNS = re.compile(r"[←-⯿\U0001f300-\U0001faff]")

BESIDE_EACH_OTHER = 24  # characters of a button that shares its row on a phone
MENU_LINE = 256  # Telegram's limits
POP_UP = 200
POP_UPS = (
    "analysis.asked",
    "reading.verified",
    "prescribe.none",
    "prescribe.completed",
    "error.stale",
    "error.words_changed",
    "error.already_handled",
)
NAMED_BUTTONS = {
    "help.doctor": ("analyse", "heat_map", "findings", "verify", "better"),
    "help.pharmacist": ("prescribe", "no_medicine", "complete"),
    "help.administrator": ("approve", "reject"),
    "analysis.failed": ("analyse",),
    "reading.written": ("verify",),
    "prescribe.written": ("complete", "prescribe"),
    "prescribe.none": ("complete",),
    "error.own_reading_missing": ("findings",),
    "error.prescription_missing": ("no_medicine",),
}
DOSES = {
    "fever": {"Paracetamol", "500", "mg", "1", "4", "3"},
    "cough": {"Dextromethorphan", "10", "ml", "5"},
    "oxygen": {"3", "94"},
    "antibiotic": {"Amoxicillin", "500", "mg", "1", "3", "7"},
}
HINDI_MONTHS = ["जन॰", "फ़र॰", "मार्च", "अप्रैल", "मई", "जून", "जुल॰", "अग॰", "सित॰", "अक्टू॰", "नव॰", "दिस॰"]


@pytest.fixture(scope="module")
def catalogues() -> Catalogues:
    return Catalogues(Place("Demo Hospital", "112 / 108", UTC))


@pytest.fixture(scope="module")
def sentences() -> dict[str, dict[str, str]]:
    """Each language's sentences, as they are written in the file."""
    return {language: _read(language) for language in LANGUAGES}


def _read(language: str) -> dict[str, str]:
    with (LOCALES / language / "csss.po").open("rb") as file:
        return {entry.id: entry.string for entry in read_po(file) if entry.id}


def _words(sentence: str) -> str:
    """The sentence without the parts that are not words."""
    return COMMAND.sub("", TAG.sub("", re.sub(r"\{\w+\}", "", sentence))).replace(EXAMPLE, "")


def _label(button: str) -> str:
    """A button's label without the leading symbol."""
    return re.sub(r"^\W+ ", "", button)


def test_the_clinic_speaks_three_languages(catalogues: Catalogues) -> None:
    """A new folder is a new language, and each file says which it is."""
    assert texts.LANGUAGES == LANGUAGES
    for language in LANGUAGES:
        with (LOCALES / language / "csss.po").open("rb") as file:
            catalogue = read_po(file)
        assert str(catalogue.locale) == language
        assert catalogue.num_plurals == 2


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_keeps_its_marks_figures_and_commands(language: str, sentences: dict[str, dict[str, str]]) -> None:
    """Nothing is lost or invented in translation: tags, signs, figures, commands, lines."""
    english, other = sentences["en"], sentences[language]
    for key in english.keys() & other.keys():
        original, translated = english[key], other[key]
        assert Counter(TAG.findall(translated)) == Counter(TAG.findall(original)), key
        assert Counter(SIGNS.findall(translated)) == Counter(SIGNS.findall(original)), key
        assert Counter(NUMBER.findall(translated)) == Counter(NUMBER.findall(original)), key
        assert not Counter(COMMAND.findall(original)) - Counter(COMMAND.findall(translated)), key
        assert translated.count("\n") == original.count("\n"), key


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left_by_accident(language: str, sentences: dict[str, dict[str, str]]) -> None:
    """Only words that people use in English anyway are in Latin letters."""
    original = {key: SETTING.sub("", _words(sentence)) for key, sentence in sentences[language].items()}
    found = {
        key: set(re.findall(r"[A-Za-z]+", words)) - LATIN - NAMES - DRUGS - CARDIAC for key, words in original.items()
    }
    assert {key: latin for key, latin in found.items() if latin and key not in OWN_SCRIPT} == {}


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_strays_into_another_script(language: str, sentences: dict[str, dict[str, str]]) -> None:
    """A Tamil letter in a Hindi sentence, or one of any third script, is a typing mistake."""
    for key, sentence in sentences[language].items():
        scripts = {character_name(letter).split()[0] for letter in _words(sentence) if letter.isalpha()}
        assert key in OWN_SCRIPT or scripts <= {"LATIN", SCRIPTS[language]}, f"{key}: {scripts}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_and_pop_ups_fit_where_they_are_shown(language: str, sentences: dict[str, dict[str, str]]) -> None:
    """Two buttons in a row on a phone, a line of the menu, a pop-up of 200 characters."""
    original = sentences[language]
    side_by_side = re.compile(r"(button|sex|role|template)\.\w+|language\.(en|hi|ta)")
    for key in filter(side_by_side.fullmatch, original):
        assert len(plain_text(original[key])) <= BESIDE_EACH_OTHER, key
        assert "\n" not in original[key]
    for key in {f"menu.{command}" for menu in MENUS.values() for command in menu}:
        assert 1 <= len(plain_text(original[key])) <= MENU_LINE, key
    for key in POP_UPS:
        assert units(plain_text(original[key])) <= POP_UP, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_calls_a_button_by_the_name_on_it(language: str, sentences: dict[str, dict[str, str]]) -> None:
    """A sentence that mentions a button uses exactly its label."""
    original = sentences[language]
    for key, buttons in NAMED_BUTTONS.items():
        for button in buttons:
            assert _label(original[f"button.{button}"]) in original[key], (key, button)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_ready_prescription_names_the_same_drug_and_dose(language: str) -> None:
    """Drug, strength, how much, how often and how long are in figures and Latin letters everywhere."""
    for key, needed in DOSES.items():
        line = catalogue(Language(language))["ready"][key]
        figures = set(NUMBER.findall(line)) | (set(re.findall(r"[A-Za-z]+", line)) & (DRUGS | {"mg", "ml"}))
        assert figures == needed, key


def test_dates_are_said_as_the_reader_says_them(catalogues: Catalogues) -> None:
    """The month in the reader's language, the time in digits."""
    moment, born = datetime(2026, 9, 5, 14, 7, tzinfo=UTC), date(1985, 12, 24)
    original = {
        language: (catalogues.of(language).time(moment), catalogues.of(language).day(born)) for language in LANGUAGES
    }
    assert original["en"] == ("5 Sep, 14:07", "24 December 1985")
    assert original["hi"] == ("5 सित॰, 14:07", "24 दिसंबर 1985")
    assert original["ta"] == ("5 செப்., 14:07", "24 டிசம்பர் 1985")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["1 minute", "2 minutes", "60 minutes", "1 day", "3 years"]),
        ("ta", ["1 நிமிடம்", "2 நிமிடங்கள்", "60 நிமிடங்கள்", "1 நாள்", "3 ஆண்டுகள்"]),
        ("hi", ["1 मिनट", "2 मिनट", "60 मिनट", "1 दिन", "3 वर्ष"]),
    ],
)
def test_lengths_of_time_are_counted_as_the_reader_counts(
    language: str, words: list[str], catalogues: Catalogues
) -> None:
    texts = catalogues.of(language)
    spans = [*(timedelta(minutes=wait) for wait in (1, 1.1, 60)), timedelta(days=1), timedelta(days=1096)]
    for span, original in zip(spans, words, strict=True):
        assert original in texts("error.login_locked", wait=span)


def test_a_share_that_missed_the_threshold_does_not_read_as_if_it_had_met_it(catalogues: Catalogues) -> None:
    for texts_of in map(catalogues.of, LANGUAGES):
        assert [texts_of.percent(share) for share in (0.7499, 0.75, 0.29, 1.0)] == ["74%", "75%", "29%", "100%"]


async def test_a_stranger_whose_telegram_is_tamil_is_received_in_tamil(clinic: Clinic) -> None:
    """From the first message, which offers all three languages, through registration to /me."""
    kavin = await clinic.telegram.person("Kavin", language_code="ta")
    await kavin.starts()
    prompt = await kavin.sees("எந்த மொழியில்")
    assert prompt.buttons == ["English", "हिन्दी", "தமிழ்"]
    await kavin.presses("தமிழ்")
    await kavin.sees("வணக்கம்! இது மருத்துவமனையின் ஸ்கேன் பிரிவு")
    await _registers_in_tamil(clinic)
    await kavin.sees("வணக்கம் Kavin Selvan")
    await kavin.sends("/me")
    assert "ஆண் · பிறந்த தேதி: 24 டிசம்பர் 1985" in (await kavin.sees("நோயாளி · தமிழ்")).text

    menus = {
        call["fields"].get("language_code"): json.loads(call["fields"]["commands"])[0]["description"]
        for call in await clinic.telegram.calls("setMyCommands")
        if "all_private_chats" in call["fields"]["scope"]
    }
    assert menus == {None: "Begin", "en": "Begin", "hi": "शुरू करें", "ta": "தொடங்க"}


async def _registers_in_tamil(clinic: Clinic) -> None:
    kavin = await clinic.telegram.person("Kavin")
    answers = {
        "/register": "உங்கள் தொலைபேசி எண்ணைப் பகிருங்கள்",
        "📧 ஈமெயிலால் பதிவு செய்ய": "முழுப் பெயர்",
        "Kavin Selvan": "ஈமெயில் முகவரி என்ன",
        "kavin@example.org": "6 இலக்க OTP எண் அனுப்பினேன்",
    }
    for words, question in answers.items():
        await kavin.sends(words)
        await kavin.sees(question)
    [code] = CODE.findall((await clinic.telegram.mail_to("kavin@example.org")).text)
    for words, question in {code: "பாஸ்வேர்டு", "neem tree 7 rivers": "பிறந்த தேதி", "24.12.1985": "பாலினம்"}.items():
        await kavin.sends(words)
        await kavin.sees(question)
    await kavin.presses("ஆண்")


async def test_a_patient_who_chose_hindi_reads_hindi_while_the_doctor_reads_english(clinic: Clinic) -> None:
    """Card, refusals and notices are in the reader's language, independent of the sender's."""
    amina, rao = clinic.amina, clinic.rao
    await amina.sends("/language")
    await amina.presses("हिन्दी")
    await amina.sees("अब से संदेश हिन्दी में आएँगे।")

    await amina.sends_photo(clinic.picture)
    await amina.sees("आपको क्या तकलीफ़ है?")
    card = await amina.sees("स्कैन #1")
    assert re.match(rf"🩻 स्कैन #1 · \d+ ({'|'.join(HINDI_MONTHS)}), \d\d:\d\d", card.text)
    assert "✅ तस्वीर मिलना\n🔵 कंप्यूटर जाँच\n⚪ डॉक्टर का देखना" in card.text
    notice = await rao.sees("Scan #1")
    assert "Received" in notice.text
    assert not re.search(r"[ऀ-ॿ]", notice.text)

    await amina.sends("/queue")
    await amina.sees("यह काम किसी और का है।")
    pressed = await amina.forges("c:analyse:1")
    assert (pressed.text or "").startswith("यह काम किसी और का है।")
    await amina.sends_file(b"GIF89a" + bytes(100), "moving.gif")
    await amina.sees("इस तरह की फ़ाइल पढ़ी नहीं जा सकती।")

    await rao.presses("Better image")
    await rao.presses("The picture is blurred.")
    await rao.sees("Scan #1 is closed")
    prompt = await amina.sees("तस्वीर चाहिए।")
    assert "तस्वीर धुंधली है।" in prompt.text
    assert "blurred" not in prompt.text
    rejected = await amina.sees("ज़्यादा साफ़ तस्वीर चाहिए: तस्वीर धुंधली है।")
    assert rejected.id == card.id
    await rao.sees("A better picture is needed: The picture is blurred.")


@pytest.mark.slow
async def test_a_ready_prescription_is_read_by_each_in_their_language_and_a_typed_one_as_it_was_typed(
    clinic: Clinic,
) -> None:
    """The pharmacist writes in English, the administrator reads Tamil, the report is Hindi as its patient is."""
    await clinic.amina.sends("/language")
    await clinic.amina.presses("हिन्दी")
    await clinic.joseph.sends("/language")
    await clinic.joseph.presses("தமிழ்")
    await clinic.joseph.sees("இனி தமிழில்")
    await clinic.amina.sends_photo(clinic.picture)
    for _ in range(2):
        await clinic.amina.presses("छोड़ें")
    await clinic.verifies()
    await clinic.meena.presses("Prescribe")
    await clinic.meena.presses("Fever, pain")
    await clinic.meena.sees("Paracetamol 500 mg, 1 tablet")
    await clinic.meena.sends("template.fever, much water")
    await clinic.meena.sees("much water")
    await clinic.meena.presses("Complete", on="much water")
    card = await clinic.joseph.sees("மாத்திரை")
    assert "template.fever, much water" in card.text
    async with clinic.app.services.sessions() as session:
        scan = await session.get_one(Scan, 1)
        original = build_document(scan, Pictures(b"", None), clinic.app.services.issuer, datetime.now(UTC)).prescription
    assert original is not None
    assert [line.dose or line.drug for line in original.lines] == ["1 गोली", "template.fever, much water"]
