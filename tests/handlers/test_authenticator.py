"""The administrator's authenticator app: set up by a picture, used, and taken away again."""

import asyncio
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pyotp
import pytest
from click.testing import Result
from numpy.typing import NDArray
from sqlalchemy import select
from typer.testing import CliRunner

from bot.__main__ import app as csss
from bot.dev.demo import PASSWORD
from models.base import looking
from models.tables.audit import AuditRow
from tests.support.jobs import settles
from tests.support.people import House


def read_code(pixels: NDArray[np.uint8]) -> str:
    """OpenCV finds nearly every code at the size it is sent in, and the others at another or by its second way."""
    for scale in (1.0, 1.5, 2.0, 0.75, 3.0, 0.5):
        shown = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for detector in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()):
            if found := detector.detectAndDecode(shown)[0]:
                return str(found)
    raise AssertionError("no code can be read from the picture")


async def enrols(house: House) -> pyotp.TOTP:
    """Joseph sets up his app: password, picture, first code. The picture is read as a phone would read it."""
    await house.joseph.sends("/authenticator")
    await house.joseph.sees("type your password")
    await house.joseph.sends(PASSWORD)
    shown = await house.joseph.sees("Scan this picture")
    pixels = cv2.imdecode(np.frombuffer(await shown.download(), np.uint8), cv2.IMREAD_GRAYSCALE)
    app = pyotp.parse_uri(read_code(pixels))
    assert isinstance(app, pyotp.TOTP)
    assert (app.issuer, app.name) == ("Demo Hospital", "joseph@example.org")
    await house.joseph.sends(app.at(datetime.now(UTC)))
    await house.joseph.sees("counts from now on")
    return app


async def test_an_app_is_set_up_with_password_picture_and_first_code_and_taken_away(house: House) -> None:
    await house.joseph.sends("/authenticator")
    await house.joseph.sends("not my password")
    await house.joseph.sees("That is not the password")
    await house.joseph.sends(PASSWORD)
    await house.joseph.receives_photo()
    await house.joseph.sends("000000")
    await house.joseph.sees("not the code that the app shows")
    app = await enrols(house)

    shown = await house.joseph.messages()
    assert [one for one in shown if one.photo and "authenticator app" in one.text] == []
    codes = next(one for one in shown if "Recovery codes" in one.text)
    spare = codes.text.splitlines()[-10:]
    assert all(len(code) == 11 for code in spare)
    await house.joseph.presses("I have noted them")
    assert codes.id not in [one.id for one in await house.joseph.messages()]
    assert not {PASSWORD, "not my password", "000000"} & {one.text for one in await house.joseph.messages()}

    await house.joseph.sends("/authenticator")
    await house.joseph.sees("To take it away")
    await house.joseph.sends(app.at(datetime.now(UTC) + timedelta(minutes=5)))
    await house.joseph.sees("not the code that the app shows")
    await house.joseph.sends(spare[3])
    await house.joseph.sees("codes come by mail again")


async def test_only_administrators_release_so_only_they_have_use_for_an_app(house: House) -> None:
    for person in (house.amina, house.rao, house.meena):
        await person.sends("/authenticator")
        await person.sees("Somebody else does this step")


async def resets(house: House, email: str) -> Result:
    """Who runs the server types it there, beside the bot that runs."""
    environment = {"CSSS_BOT_TOKEN": house.sandbox.token, "CSSS_DATA": str(house.app.settings.data)}
    command = ["user", "reset-authenticator", email]
    return await asyncio.to_thread(CliRunner().invoke, csss, command, env=environment)


async def test_a_lost_phone_without_recovery_codes_is_helped_by_who_runs_the_server(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Recorded as the operator's act; the person hears of it in chat and by mail, and sets up another."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    await enrols(house)
    done = await resets(house, "Joseph@example.org")
    assert done.exit_code == 0, done.output
    await house.joseph.sees("has taken your authenticator app away", timeout=30)
    mail = await house.clinic.mail_to("joseph@example.org")
    assert "tell the hospital at once" in mail.text
    await settles(house)
    async with looking(house.app.clinic.sessions) as session:
        [row] = await session.scalars(select(AuditRow).where(AuditRow.act == "reset_authenticator"))
    assert (row.role, row.source, row.outcome, row.object_kind) == ("operator", "command line", "ok", "account")

    for email, said in {"joseph@example.org": "has no authenticator app", "nobody@example.org": "no account"}.items():
        refused = await resets(house, email)
        assert refused.exit_code != 0
        assert said in refused.output
    await enrols(house)
