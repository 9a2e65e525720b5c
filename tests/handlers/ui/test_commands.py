"""Every command for every role, and input that is no command."""

import pytest
from aiogram.filters import Command
from aiogram.types import Chat, Message, Update, User

from bot.jobs.cards import show_menu
from handlers.routes import routes
from tests.support.account_steps import menu_of
from tests.support.people import Clinic

UNKNOWN = "I do not know you yet"
NOT_YOURS = "Somebody else does this"
ANSWERS = {
    # command: answers to an unregistered user, the patient, the doctor, the pharmacist and the administrator
    "/start": ("Which language", "Hello Amina", "You read scans", "Verified scans", "You release reports"),
    "/help": ("This bot takes", "five steps", "asks the model", "each verified scan", "mails you a 6-digit code"),
    "/cancel": ("nothing to stop",) * 5,
    "/language": ("Which language",) * 5,
    "/me": (UNKNOWN, "amina@example.org", "rao@example.org", "meena@example.org", "joseph@example.org"),
    "/unlink": (UNKNOWN, *["Shall I separate this chat"] * 4),
    "/scans": (UNKNOWN, *["no scan of yours yet"] * 4),
    "/status": (UNKNOWN, *["no scan of yours yet"] * 4),
    "/STATUS": (UNKNOWN, *["no scan of yours yet"] * 4),
    "/report": (UNKNOWN, *["no finished report yet"] * 4),
    "/queue": (UNKNOWN, NOT_YOURS, *["Nothing waits for you"] * 3),
    "/mine": (UNKNOWN, NOT_YOURS, "Your day", *[NOT_YOURS] * 2),
    "/invite": (UNKNOWN, *[NOT_YOURS] * 3, "Whom do you invite"),
    "/users": (UNKNOWN, *[NOT_YOURS] * 3, "Staff: 3"),
    "/nonsense": ("do not know this command",) * 5,
    "/start join_guessed": ("used already or is too old",) * 5,
    "123456": ("can no longer be used",) * 5,
    "/register": ("share your telephone number", *["linked already"] * 4),
    "/link": ("Which email address", *["linked already"] * 4),
    "/human": ("called somebody", "called somebody", *[NOT_YOURS] * 3),
    "/faqmisses": (UNKNOWN, *[NOT_YOURS] * 3, "No question is waiting"),
    "/faqtaught": (UNKNOWN, *[NOT_YOURS] * 3, "Nothing was taught"),
    "/patient Zzyzx": (UNKNOWN, NOT_YOURS, *["No patient"] * 3),
    "/family": (UNKNOWN, "Nobody yet", *[NOT_YOURS] * 3),
    "/walkin": (UNKNOWN, *[NOT_YOURS] * 3, "patient's full name"),
    "/walkin 1": (UNKNOWN, *[NOT_YOURS] * 3, "cannot find that"),
    "/desk": (UNKNOWN, NOT_YOURS, *["At the desk"] * 3),
}


@pytest.mark.slow
async def test_every_command_says_to_everybody_what_it_should(clinic: Clinic) -> None:
    stranger = await clinic.telegram.person("Stranger")
    for place, who in enumerate((stranger, clinic.amina, clinic.rao, clinic.meena, clinic.joseph)):
        for command, answers in ANSWERS.items():
            await who.sends(command)
            await who.sees(answers[place])
    calls = await clinic.telegram.calls()
    assert [call for call in calls if call["status"] not in {200, 409}] == []


async def test_a_patients_menu_names_data_requests_and_whatsapp_only_where_it_is_on(clinic: Clinic) -> None:
    for who in (clinic.amina, clinic.rao):
        await show_menu(clinic.app.services, who.chat_id)
    assert {"privacy", "export", "forget"} <= await menu_of(clinic, clinic.amina)
    assert "whatsapp" not in await menu_of(clinic, clinic.amina)
    assert not {"export", "forget"} & await menu_of(clinic, clinic.rao)


async def test_words_are_questions_and_danger_comes_first(clinic: Clinic) -> None:
    """An answer, three suggestions where it is unsure, an emergency number at once; an open form is not disturbed."""
    amina = clinic.amina
    await amina.sends("How do I upload a picture?")
    await amina.sees("")
    await amina.sends("I cannot breathe and have chest pain!")
    danger = await amina.sees("112")
    assert "108" in danger.text
    await amina.sends("maybe the wardrobes and cupboards")
    unsure = await amina.sees("")
    assert 2 <= len(unsure.buttons) <= 4
    assert unsure.buttons[-1] == "🙋 Talk to a person"
    label = unsure.buttons[0]
    answer = await amina.presses(label)
    assert answer.answered
    assert (await amina.sees("")).text
    await amina.forges("faq:no such topic")
    await amina.sends("<b>what</b> & <script>?")
    await amina.sees("")


async def test_a_group_hears_nothing(clinic: Clinic) -> None:
    """A group would show one patient's scan to another."""
    quiet = {"getUpdates", "setMyCommands"}
    before = len([call for call in await clinic.telegram.calls() if call["method"] not in quiet])
    user = User(id=clinic.amina.chat_id, is_bot=False, first_name="Amina")
    for kind in ("group", "supergroup", "channel"):
        message = Message(message_id=1, date=0, chat=Chat(id=-100, type=kind), from_user=user, text="/scans")
        await clinic.app.dispatcher.feed_update(clinic.app.services.bot, Update(update_id=10**6, message=message))
    after = [call for call in await clinic.telegram.calls() if call["method"] not in quiet]
    assert len(after) == before


@pytest.mark.slow
def test_no_command_depends_on_its_case() -> None:
    """Purpose: keyboards write /Start with a capital, and people /STATUS."""
    strict = [
        command
        for router in routes().chain_tail
        for handler in router.message.handlers
        for found in handler.filters or ()
        if isinstance(found.callback, Command) and not found.callback.ignore_case
        for command in found.callback.commands
    ]
    assert set(strict) <= {"start"}, "links alone, which nobody types"


async def test_several_questions_in_one_message_are_each_answered(clinic: Clinic) -> None:
    await clinic.amina.sends("How much does it cost? Which file formats are allowed?")
    answer = (await clinic.amina.sees("JPG")).text
    assert "no payment" in answer
