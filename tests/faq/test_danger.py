"""Emergency wording is answered first, and only when somebody is in danger."""

import pytest

from faq.answer import Faq
from faq.emergency import Emergency, EmergencyDetector
from faq.entries import Topic


@pytest.mark.parametrize(
    "emergency_text",
    [
        "I can't breathe",
        "i cant breath",
        "My mother cannot breathe properly",
        "chest pain",
        "I have chest pain, what does it mean",
        "he is coughing blood",
        "her lips are turning blue",
        "my father fainted",
        "I want to die",
        "I want to kill myself, and how do I upload my scan",
        "heart attack please help",
        "மூச்சு விட முடியல",
        "nenju valikuthu",
        "எனக்கு வாழவே பிடிக்கல",
        "सीने में दर्द हो रहा है",
        "papa behosh ho gaye",
        "mujhe saans nahi aa rahi",
        "வலிப்பு மருந்து கொடுத்தும் வலிப்பு நிற்கவில்லை",
        "அவர் வலிப்பு மாத்திரை 20 சாப்பிட்டுட்டார்",
        "मिर्गी की दवा देने के बाद भी मिर्गी का दौरा पड़ रहा है",
        "उसने मिर्गी की 20 गोलियाँ खा लीं",
        "அப்பா இங்கே இருக்கார், அவருக்கு நெஞ்சு வலிக்குது",
        "நெஞ்சு இறுக்கமா இருக்கு",
        "நெஞ்சை இறுக்குற மாதிரி இருக்கு",
        "நெஞ்சு வலியோட இருக்கேன்",
    ],
)
def test_an_emergency_is_answered_with_the_emergency_number(faq: Faq, emergency_text: str) -> None:
    answer = faq.answer(emergency_text)
    assert answer.emergency
    assert answer.topic == Topic.EMERGENCY
    assert "112" in answer.text


@pytest.mark.parametrize(
    "emergency_text",
    [
        "I can't breathe, I have a history of asthma",
        "he is not breathing, he had a stroke 2 years ago",
        "I had heart surgery in 2019 and I cannot breathe",
        "x-ray was normal in 2023 but father is unconscious",
        "my dob is 12/03/1978 I have chest pain",
        "I had no chest pain yesterday but today I have severe chest pain",
        "I don't have fever. chest pain",
        "no fever only chest pain",
        "no, chest pain",
        "when is my report? my father is unconscious",
        "my father fainted while watching tv",
        "2019 la operation aachu, moochu vida mudiyala",
        "seene me dard hai bukhar nahi hai",
    ],
)
def test_a_history_or_another_no_in_the_same_message_does_not_hide_an_emergency(faq: Faq, emergency_text: str) -> None:
    assert faq.answer(emergency_text).emergency


def test_an_emergency_at_the_end_of_the_longest_message_is_detected(faq: Faq) -> None:
    emergency_text = " I cannot breathe"
    assert faq.answer("well " * ((4096 - len(emergency_text)) // 5) + emergency_text).emergency


@pytest.mark.parametrize(
    "question",
    [
        "last year, I had chest pain",
        "a few years ago, my father had a stroke",
        "I have no fever, cough or chest pain",
        "no breathlessness, no chest pain",
        "2018 la nenju vali irunthuchu",
        "what is chest pain a symptom of",
        "can covid cause shortness of breath",
        "I have no chest pain",
        "I had chest pain last year",
        "should I hold my breath for the x-ray",
        "does the MRI show a heart attack",
        "where is my report",
        "how to cook biryani",
        "what is the ambulance number",
        "I cannot speak English",
        "does a chest x-ray hurt",
        "my file fits the size",
        "I want to donate blood",
        "सीने में दर्द किस बीमारी का लक्षण है",
        "mujhe seene me dard nahi hai",
        "நெஞ்சு வலி எந்த நோயின் அறிகுறி",
        "can this capsule be taken with my epilepsy medicine",
        "வலிப்பு மருந்துடன் இந்த கேப்சூல் சாப்பிடலாமா",
        "வலிப்பு நோய் மாத்திரையோடு இந்த கேப்சூலை எடுக்கலாமா",
        "valippu marunthu sapidaren, intha capsule sapidalama",
        "मिर्गी की दवा के साथ यह कैप्सूल ले सकते हैं",
        "मिर्गी की गोली के साथ ये कैप्सूल चलेगा",
        "mirgi ki dawa ke saath yeh capsule le sakte hain",
        "அப்பா அருகில் இருக்கார், அவரோட நெஞ்சு ஃபிலிமை அனுப்பவா",
        "அம்மா இங்கே இருக்காங்க, அவங்க நெஞ்சு படத்தை அனுப்பலாமா",
        "enaku nenju vali illa",
    ],
)
def test_a_question_about_danger_is_no_emergency(faq: Faq, question: str) -> None:
    assert not faq.answer(question).emergency


def test_what_to_do_if_it_happened_is_answered_without_an_emergency(faq: Faq) -> None:
    answer = faq.answer("what should I do if my mother faints")
    assert answer.topic == Topic.EMERGENCY
    assert not answer.emergency


def test_the_emergency_answer_is_in_the_language_of_the_message(faq: Faq) -> None:
    assert faq.answer("nenju valikuthu").language == "ta"
    assert faq.answer("मुझे साँस नहीं आ रही").language == "hi"
    assert "112" in faq.answer("मुझे साँस नहीं आ रही").text


def test_a_word_that_the_faq_uses_elsewhere_stays_an_emergency() -> None:
    """`gasping` among the words of illnesses must not hide the emergency that begins with `gasp`."""
    words, plain = {"signs": {"breathless": ["gasp*"]}}, {"subject": {"ill": ["gasping", "grasping"]}}
    detector = EmergencyDetector(words, plain)
    assert detector.detect("gasping") is Emergency.PRESENT
    assert detector.detect("grasping") is Emergency.NONE
