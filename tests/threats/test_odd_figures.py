"""Threat: a date, number, id or page that makes no sense ends in a fault, or reaches the database."""

import logging
import traceback
from itertools import product

import pytest
from aiogram.filters.callback_data import CallbackData

from bot.app import Engines
from bot.dev.sandbox import Person
from handlers.ui import callbacks
from tests.support.buttons import packed
from tests.support.people import Clinic, open_clinic
from tests.support.text_forms import commands, data_of, scans_for_forms, send_without_limits, sender, text_states, types
from tests.support.walks import part

FIGURES = (
    *("0", "-1", "00000000", "9" * 10, "9" * 20, "9" * 4090, "1e400", "-1e999", "nan", "inf", "0x1F", "1_000"),
    *("٣", "١٢٣٤٥٦", "௧௨.௧௨.௧௯௯௯", "१२", "²", "⑳" * 2200, "½", "𝟡" * 2000, "Ⅻ", "三", "1" + "0" * 400 + ".5"),
    *("9999-12-31", "0000-00-00", "0001-01-01", "29.02.2023", "31.11.1999", "-5.-5.-5", "44 BC", "1.1.99999"),
    *("1999-01-01T00:00:00+99:99", "1999-12-31T23:59:60Z", "130 years 99 months 999 weeks 999 days", "١٢.٠٥.١٩٧٩"),
    *("#0", "#99999999999999999999", "P0", "P99999999999999999999", "p²", "P٣", "#-1", "24:00", "1/0", "99999999:99"),
    *("Paracetamol 500 mg bd x 999999999999 days", "Paracetamol 1e400 mg every 0 hours", "Dolo 650 99999999-0-1"),
)
CONTROLS = ("\0", "a\0b", "Asha\0 Rao", "asha\0@example.org", "12.05.1979\0", "25\0 12", "\ufffe", "\U000e0001")
IDS = ("0", "-1", "2147483648", "9223372036854775808", "9" * 30, "٣", "²", "1e3", "nan", "1_0", " 1", "+1", "1.0", "")


async def _a_stranger(clinic: Clinic) -> Person:
    nobody = await clinic.telegram.person("Nobody At All")
    await nobody.sends("/help")
    await nobody.sees("")
    return nobody


def _faults(caplog: pytest.LogCaptureFixture) -> set[str]:
    """Kind and place of every fault in the log since the last look."""
    found = [one for one in caplog.records if one.levelno >= logging.ERROR or one.exc_info]
    caplog.clear()
    return {f"{one.getMessage()}: {_place(one.exc_info[1] if one.exc_info else None)}" for one in found}


def _place(error: BaseException | None) -> str:
    frames = traceback.extract_tb(error.__traceback__) if error else []
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    return f"{type(error).__name__} at {own[-1].filename}:{own[-1].lineno}" if own else type(error).__name__


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_no_figure_in_any_form_ends_in_a_fault(
    unlimited: Clinic, caplog: pytest.LogCaptureFixture, pytestconfig: pytest.Config
) -> None:
    scans, faults = await scans_for_forms(unlimited), {}
    nobody = await _a_stranger(unlimited)
    assert len(text_states()) > 40
    for place, (state, handler) in enumerate(text_states().items()):
        for figure in part(FIGURES, place, pytestconfig):
            await types(unlimited, sender(handler, unlimited, nobody.chat_id), figure, state, data_of(state, scans))
            if found := _faults(caplog):
                faults[state.state, figure[:30]] = found
    assert faults == {}


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_no_figure_behind_any_command_ends_in_a_fault(
    unlimited: Clinic, caplog: pytest.LogCaptureFixture, pytestconfig: pytest.Config
) -> None:
    faults = {}
    nobody = await _a_stranger(unlimited)
    assert len(commands()) > 20
    for place, (name, handler) in enumerate(commands().items()):
        for figure in part(FIGURES, place, pytestconfig):
            await types(unlimited, sender(handler, unlimited, nobody.chat_id), f"/{name} {figure}"[:4096])
            if found := _faults(caplog):
                faults[name, figure[:30]] = found
    assert faults == {}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_no_control_sign_ends_in_a_fault(
    engines: Engines, database: str, caplog: pytest.LogCaptureFixture, pytestconfig: pytest.Config
) -> None:
    """PostgreSQL takes no NUL in a text. Walks forms, commands and questions."""
    faults = {}
    async with open_clinic(engines, database=database) as clinic:
        send_without_limits(clinic)
        scans, nobody = await scans_for_forms(clinic), await _a_stranger(clinic)
        for place, (state, handler) in enumerate(text_states().items()):
            for sign in part(CONTROLS, place, pytestconfig):
                await types(clinic, sender(handler, clinic, nobody.chat_id), sign, state, data_of(state, scans))
                if found := _faults(caplog):
                    faults[state.state, sign] = found
        for place, (name, handler) in enumerate(commands().items()):
            for sign in part(CONTROLS, place, pytestconfig):
                await types(clinic, sender(handler, clinic, nobody.chat_id), f"/{name} {sign}")
                if found := _faults(caplog):
                    faults[name, sign] = found
    assert faults == {}


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_no_number_in_any_button_ends_in_a_fault(
    unlimited: Clinic, caplog: pytest.LogCaptureFixture, pytestconfig: pytest.Config
) -> None:
    """Each number field of each kind of button, pressed by each role and a stranger."""
    assert callbacks  # every kind is loaded
    kinds = [kind for kind in CallbackData.__subclasses__() if kind.__module__.startswith("handlers.")]
    fields = [(kind, name) for kind in kinds for name, one in kind.model_fields.items() if one.annotation is int]
    assert len(fields) > 40
    nobody = await _a_stranger(unlimited)
    people = (nobody, unlimited.amina, unlimited.rao, unlimited.meena, unlimited.joseph)
    for person in people:
        await person.sends("/help")
        await person.sees("")
    faults = {}
    for place, ((kind, name), person) in enumerate(product(fields, people)):
        for value in part(IDS, place, pytestconfig):
            await person.forges(packed(kind, name, value), timeout=30)
            if found := _faults(caplog):
                faults[kind.__name__, name, value, person.name] = found
    assert faults == {}
