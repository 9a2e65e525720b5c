"""Whether a text has the form of a question, and the questions in one message, in three languages and two alphabets."""

import re
from typing import Final

from faq.words import normalise, tokens

ANYWHERE: Final = frozenset(
    normalise(word)
    for word in (
        *("how", "what", "whats", "why", "where", "wheres", "who", "whom", "which"),
        *("என்ன", "என்னது", "எப்போது", "எப்போ", "எப்ப", "எங்கே", "எங்கு", "எங்க", "யார்", "யாரு", "ஏன்", "எப்படி"),
        *("எவ்வளவு", "எத்தனை", "எந்த", "எதற்கு", "எதுக்கு", "எப்பொழுது"),
        *("enna", "eppo", "eppa", "eppothu", "eppadi", "epdi", "enga", "enge", "yaar", "yaaru", "evlo", "evvalavu"),
        *("क्या", "कब", "कहाँ", "कहां", "कौन", "क्यों", "क्यूँ", "कैसे", "कितना", "कितने", "कितनी", "किस", "किससे", "किसको"),
        *("kya", "kab", "kahan", "kaha", "kaun", "kyun", "kyon", "kyu", "kaise", "kitna", "kitne", "kitni"),
    )
)
FIRST: Final = frozenset(
    {"when", "can", "could", "may", "do", "does", "did", "is", "are", "will", "should", "must", "have"}
)
SENTENCE_ENDS: Final = re.compile(r"[?？؟!।;\n]+|\.(?:\s|$)|\band also\b")
MARKS: Final = ("?", "？", "؟")


def questions_in(text: str) -> list[str]:
    """The sentences of a text of at least two words each; a text of one sentence is one question."""
    parts = [part.strip() for part in SENTENCE_ENDS.split(text)]
    return [part for part in parts if len(tokens(part)) >= 2] or [text]


def is_question(text: str) -> bool:
    """Whether the text asks: it has a question mark, an interrogative, or begins as English questions do."""
    if any(mark in text for mark in MARKS):
        return True
    words = tokens(text)
    return bool(words) and (words[0] in FIRST or not ANYWHERE.isdisjoint(words))
