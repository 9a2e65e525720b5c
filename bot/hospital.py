"""The hospital as its settings describe it."""

from zoneinfo import ZoneInfo

from bot.settings import Settings
from faq.entries import Contacts
from handlers.ui.texts import House
from reports.content.document import Hospital


def on_paper(settings: Settings) -> Hospital:
    """The letterhead of reports, logo included."""
    contact = " · ".join(filter(None, (settings.hospital_phone, settings.hospital_email)))
    logo = settings.hospital_logo.read_bytes() if settings.hospital_logo else None
    return Hospital(name=settings.hospital, address=settings.hospital_address, contact=contact or None, logo=logo)


def in_chat(settings: Settings) -> House:
    """What the bot's own sentences name, and whose clock they tell."""
    emergency = " / ".join(dict.fromkeys((settings.emergency_number, settings.ambulance_number)))
    return House(settings.hospital, emergency, ZoneInfo(settings.timezone))


def for_the_faq(settings: Settings) -> Contacts:
    """What the FAQ's answers name; what is not set is left out of them."""
    given = {
        "emergency_number": settings.emergency_number,
        "ambulance_number": settings.ambulance_number,
        "hospital_name": settings.hospital,
        "hospital_phone": settings.hospital_phone,
        "hospital_email": settings.hospital_email,
        "hospital_hours": settings.desk_hours,
    }
    return Contacts(**{name: str(value) for name, value in given.items() if value})
