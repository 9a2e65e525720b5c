"""Ready texts of the report in the patient's language."""

from models.vocabulary import Language
from reports.pdf.words import catalogue


def ready_text(language: Language, section: str, name: str) -> str:
    """The ready text `name` of a section of the report catalogue."""
    return catalogue(language)[section][name]


def report_language(language: str) -> Language:
    """The language itself if reports exist in it, else English."""
    return Language(language) if language in set(Language) else Language.ENGLISH
