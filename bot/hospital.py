"""The hospital's facts from the settings, in the form that reports, chats and the FAQ need."""

from zoneinfo import ZoneInfo

from bot.settings import Settings
from faq.entries import HOURS, Contacts
from handlers.ui.texts import HospitalInfo
from reports.content.document import Hospital


def for_reports(settings: Settings) -> Hospital:
    """Name, address, contact and logo as printed on reports."""
    contact = " · ".join(filter(None, (settings.hospital_phone, settings.hospital_email)))
    logo = settings.hospital_logo.read_bytes() if settings.hospital_logo else None
    return Hospital(name=settings.hospital, address=settings.hospital_address, contact=contact or None, logo=logo)


def for_chats(settings: Settings) -> HospitalInfo:
    """Name, emergency numbers and time zone used in messages."""
    emergency = " / ".join(dict.fromkeys((settings.emergency_number, settings.ambulance_number)))
    own = ", ".join(filter(None, (settings.hospital, settings.hospital_phone, settings.hospital_email)))
    officer, authority = settings.grievance_officer or own, settings.privacy_authority
    return HospitalInfo(settings.hospital, emergency, ZoneInfo(settings.timezone), officer, authority)


def for_faq(settings: Settings) -> Contacts:
    """Contacts named in FAQ answers; unset ones are left out. An answer is given with the hours in force."""
    settings_by_name = {
        "emergency_number": settings.emergency_number,
        "ambulance_number": settings.ambulance_number,
        "hospital_name": settings.hospital,
        "hospital_phone": settings.hospital_phone,
        "hospital_email": settings.hospital_email,
        "hospital_hours": HOURS,
    }
    return Contacts(**{name: str(value) for name, value in settings_by_name.items() if value})
