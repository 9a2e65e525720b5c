"""Expected texts."""

from zoneinfo import ZoneInfo

from handlers.ui.texts import Catalogues, HospitalInfo

CATALOGUES = Catalogues(HospitalInfo("Demo", "112", ZoneInfo("Asia/Kolkata")))


TEXTS = CATALOGUES.of("en")
