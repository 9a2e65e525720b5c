"""/hours in the chat: a weekday and a holiday are changed, and patients are told so at once, in their language."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import update

from handlers.views.desk.hours import hours_view
from handlers.views.paging import MESSAGE_LIMIT, telegram_length
from models.tables.accounts import Account
from tests.support.account_steps import is_proved, proves
from tests.support.people import Clinic
from tests.support.texts import TEXTS
from workflow.desk import schedule
from workflow.desk.hours import DeskHours, Holiday, parse_day


async def test_an_administrator_enters_a_holiday_and_patients_hear_of_it(clinic: Clinic) -> None:
    today = datetime.now(clinic.app.settings.desk_schedule.zone).date()
    await clinic.joseph.sends("/hours")
    shown = await clinic.joseph.sees("Opening hours of the desk")
    assert "None are entered." in shown.text
    await clinic.joseph.presses("Add a holiday", on="Opening hours")
    await proves(clinic)
    await clinic.joseph.presses("Add a holiday", on="Opening hours")
    await clinic.joseph.sees("Which day is the holiday")
    await clinic.joseph.sends(f"{today - timedelta(days=1):%d.%m.%Y}")
    await clinic.joseph.sees("cannot read that as a date")
    await clinic.joseph.sends(f"{today:%d.%m.%Y}")
    await clinic.joseph.sees("What is the day called")
    await clinic.joseph.sends("Pongal <b>")
    await clinic.joseph.presses("Closed all day", on="open for some hours")
    shown = await clinic.joseph.sees(f"{TEXTS.day(today)}: Pongal <b> (closed)")
    await clinic.amina.sends("When is the desk open?")
    told = await clinic.amina.sees("The desk is closed today: Pongal <b>. It opens tomorrow at 00:00.")
    assert "00:00–24:00" in told.text
    await clinic.amina.sends("/human")
    called = await clinic.amina.sees("Nobody is at the desk now")
    assert "closed today: Pongal" in called.text
    await clinic.rao.does_not_see("would like to talk")
    await clinic.joseph.presses("✖️", on="Pongal")
    await clinic.joseph.sees("None are entered.")


async def test_the_hours_of_a_weekday_are_typed_or_closed_and_told_in_three_languages(clinic: Clinic) -> None:
    await is_proved(clinic)
    await clinic.joseph.sends("/hours")
    await clinic.joseph.presses("Sat", on="Opening hours")
    await clinic.joseph.sees("When is the desk open on Sat?")
    await clinic.joseph.sends("whenever")
    await clinic.joseph.sees("cannot read these opening hours")
    await clinic.joseph.sends("8-13, 14-20")
    await clinic.joseph.sees("Sat: 08:00–13:00, 14:00–20:00")
    await clinic.joseph.presses("Sun", on="Sat: 08:00")
    await clinic.joseph.presses("Closed all day", on="open on Sun")
    await clinic.joseph.sees("Sun: closed")
    for language, question, answer in (
        ("en", "When is the desk open?", "Mon–Fri 00:00–24:00, Sat 08:00–13:00, 14:00–20:00; closed: Sun"),
        ("ta", "டெஸ்க் எப்போது திறந்திருக்கும்?", "விடுமுறை: ஞாயி."),
        ("hi", "डेस्क कब खुला रहता है?", "बंद: रवि"),
    ):
        async with clinic.app.services.sessions.begin() as session:
            amina = update(Account).where(Account.email == "amina@example.org")
            await session.execute(amina.values(language=language))
        await clinic.amina.sends(question)
        await clinic.amina.sees(answer)
    await clinic.rao.sends("/hours")
    await clinic.rao.sees("Somebody else does this step")
    async with clinic.app.services.sessions() as session:
        hours = await schedule.load(session, clinic.app.settings.desk_schedule)
    assert hours.week[6] == ()


def test_a_hundred_holidays_with_long_names_fit_into_the_message() -> None:
    day, hours = date(2026, 11, 30), parse_day("08:00-09:00 10:00-11:00 12:00-13:00 14:00-15:00")
    holidays = [Holiday(number, day + timedelta(number), "🪔" * schedule.MAX_NAME, hours) for number in range(100)]
    many = DeskHours((hours,) * 7, TEXTS.zone, {one.day: one for one in holidays})
    view = hours_view(many, TEXTS, datetime(2026, 11, 30, 6, tzinfo=UTC))
    assert telegram_length(view.text) <= MESSAGE_LIMIT
    assert "and 80 more" in view.text
