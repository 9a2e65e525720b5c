"""The viewer: who may open it, what it sends, and what is recorded."""

import asyncio
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import jwt
import numpy as np
import pytest
from playwright.async_api import Page, ViewportSize, async_playwright, expect
from sqlalchemy import select, update

from bot.dev.demo import _reachable
from bot.engines import Engines
from bot.web.viewer.routes import LABELS
from inference.full_depth import open_full_depth
from models.crypto.vault import Content
from models.tables.accounts import ChatLink, load_patient_key
from models.tables.audit import AuditRow
from models.tables.scans import Scan
from models.vocabulary import Modality, Role, ScanStatus
from tests.support.dicom import dicom_file
from tests.support.ownership import _moves_in
from tests.support.people import Clinic, open_clinic
from tests.support.steps import a_scan, sentence_for
from tests.support.viewing import Web, opened, signed, viewing
from workflow.accounts import sessions

PAGES: Final = Path(__file__).parents[3] / "bot/web/pages/viewer"


async def a_scan_of(clinic: Clinic, original: bytes) -> int:
    """An analysed scan whose original is this file."""
    scan_id = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    async with clinic.app.services.sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        data_key = await load_patient_key(session, scan.patient_id)
        scan.original_file = clinic.app.services.vault.put(original, data_key, Content.ORIGINAL)
    return scan_id


async def status(web: Web, path: str, headers: dict[str, str]) -> int:
    return (await web.get(path, headers=headers)).status


@pytest.mark.slow
async def test_a_doctor_gets_the_film_at_its_full_depth_and_each_opening_is_recorded(clinic: Clinic) -> None:
    dicom = dicom_file(PixelSpacing=[0.2, 0.2])
    earlier = await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    scan = await a_scan_of(clinic, dicom)
    async with viewing(clinic) as web:
        given = await (await web.post("/viewer/session", json={"init_data": signed(clinic.rao)})).json()
        assert given["labels"]["reset"] == sentence_for(clinic, "viewer.reset")
        headers = {"Authorization": f"Bearer {given['token']}"}
        facts = await (await web.get(f"/viewer/scans/{scan}", headers=headers)).json()
        assert "Amina Yusuf" in facts["title"]
        assert "12 April 1987" in facts["title"]
        assert [one["scan"] for one in facts["earlier"]] == [earlier]
        answer = await web.get(f"/viewer/scans/{scan}/film", headers=headers)
        assert answer.headers["Cache-Control"] == "no-store"
        shown = np.frombuffer(await answer.read(), "<u2")
        np.testing.assert_array_equal(shown, open_full_depth(dicom).values.ravel())
        assert '"bits": 16' in answer.headers["X-Film"]
        assert '"spacing": 0.2' in answer.headers["X-Film"]
        small = await web.get(f"/viewer/scans/{earlier}/film", headers=headers)
        assert '"bits": 8' in small.headers["X-Film"]
        heat = await web.get(f"/viewer/scans/{scan}/heat-map", headers=headers)
        assert heat.content_type == "image/jpeg"
    async with clinic.app.services.sessions() as session:
        rows = (
            await session.execute(select(AuditRow.act, AuditRow.object_id).where(AuditRow.act.like("look:%")))
        ).all()
    seen = {(act, number) for act, number in rows}
    assert {("look:viewer", str(scan)), ("look:viewer", str(earlier)), ("look:heat_map", str(scan))} <= seen


async def test_forged_old_and_foreign_init_data_open_nothing(clinic: Clinic) -> None:
    now = datetime.now(UTC)
    stranger = await clinic.telegram.person("Nobody At All")
    good = signed(clinic.rao)
    refused: list[object] = [
        *({"init_data": text} for text in ("", "x", good[:-1] + ("0" if good[-1] != "0" else "1"), good + "&user=1")),
        {"init_data": good.replace(str(clinic.rao.chat_id), str(clinic.joseph.chat_id))},
        {"init_data": signed(clinic.rao, token="42:SANDBOX-another-bot")},
        *({"init_data": signed(clinic.rao, now + shift)} for shift in (-timedelta(minutes=6), timedelta(minutes=3))),
        {"init_data": signed(stranger)},
        *({}, [], "x", {"init_data": 7}),
    ]
    async with viewing(clinic) as web:
        for body in refused:
            assert (await web.post("/viewer/session", json=body)).status == 401, body
        assert (await web.post("/viewer/session", data=b"\xff{")).status == 401
    async with viewing(clinic) as web:
        answers = [(await web.post("/viewer/session", json={"init_data": "x"})).status for _ in range(25)]
    assert answers[-1] == 429


async def test_init_data_are_exchanged_once_and_the_page_goes_on_with_its_token(clinic: Clinic) -> None:
    """A copied address opens no second session, whatever the order or the letters of its fields."""
    async with viewing(clinic) as web:
        data = signed(clinic.rao)
        given = await (await web.post("/viewer/session", json={"init_data": data})).json()
        turned = "&".join(reversed(data.split("&")))
        for again in (data, turned, data.replace("%22", '"')):
            assert (await web.post("/viewer/session", json={"init_data": again})).status == 401
        own = {"Authorization": f"Bearer {given['token']}"}
        reloaded = await (await web.post("/viewer/session", json={"init_data": ""}, headers=own)).json()
        assert reloaded == given
        wrong = {"Authorization": f"Bearer {given['token'][:-3]}"}
        assert (await web.post("/viewer/session", json={"init_data": ""}, headers=wrong)).status == 401
        assert (await web.post("/viewer/session", json={"init_data": signed(clinic.rao)})).status == 200
    async with viewing(clinic, ahead=timedelta(minutes=31)) as later:
        assert (await later.post("/viewer/session", json={"init_data": ""}, headers=own)).status == 401


async def test_a_session_ends_with_the_chats_sign_in_its_role_its_idle_time_and_after_half_an_hour(
    clinic: Clinic,
) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    path = f"/viewer/scans/{scan}"
    async with viewing(clinic) as web:
        headers = await opened(web, clinic.rao)
        assert await status(web, path, headers) == 200
        token = headers["Authorization"].removeprefix("Bearer ")
        forged = jwt.encode(
            jwt.decode(token, options={"verify_signature": False}), "x" * 32, headers={"kid": "viewer-1"}
        )
        unsigned = jwt.encode({"sub": "1"}, "", "none", headers={"kid": "viewer-1"})
        for other in (forged, unsigned, token[:-2], "", "x.y.z"):
            assert await status(web, path, {"Authorization": f"Bearer {other}"}) == 401
        assert await status(web, path, {}) == 401
        async with viewing(clinic, ahead=timedelta(minutes=31)) as later:
            assert await status(later, path, headers) == 401
        async with clinic.app.services.sessions.begin() as session:
            idle = datetime.now(UTC) - clinic.app.services.idle_limit - timedelta(minutes=1)
            await session.execute(update(ChatLink).where(ChatLink.chat_id == clinic.rao.chat_id).values(seen_at=idle))
        assert await status(web, path, headers) == 401
        async with clinic.app.services.sessions.begin() as session:
            await session.execute(
                update(ChatLink).where(ChatLink.chat_id == clinic.rao.chat_id).values(seen_at=datetime.now(UTC))
            )
        assert await status(web, path, headers) == 200
        async with clinic.app.services.sessions.begin() as session:
            await sessions.sign_out(session, clinic.rao.chat_id, datetime.now(UTC))
        assert await status(web, path, headers) == 401


@pytest.mark.slow
async def test_who_may_not_see_a_scan_gets_the_answer_of_one_that_does_not_exist(clinic: Clinic) -> None:
    bela = await _moves_in(clinic, "Bela Stranger", "bela@example.org", Role.PATIENT)
    early = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    async with viewing(clinic) as web:
        for person in (bela, clinic.meena, clinic.joseph):
            headers = await opened(web, person)
            for part in ("", "/film", "/heat-map"):
                answer = await web.get(f"/viewer/scans/{early}{part}", headers=headers)
                unknown = await web.get(f"/viewer/scans/999999{part}", headers=headers)
                assert (answer.status, await answer.read()) == (404, await unknown.read()), (person.name, part)
        amina, rao = await opened(web, clinic.amina), await opened(web, clinic.rao)
        own = await (await web.get(f"/viewer/scans/{early}", headers=amina)).json()
        assert (own["heat_map"], own["earlier"]) == (False, [])
        assert await status(web, f"/viewer/scans/{early}/film", amina) == 200
        assert await status(web, f"/viewer/scans/{early}/heat-map", amina) == 404, "no patient sees the model's part"
        assert await status(web, f"/viewer/scans/{early}", rao) == 200
        assert await status(web, "/viewer/scans/" + "9" * 15, rao) == 404
        assert await status(web, "/viewer/..%2fverify.css", rao) == 404


@pytest.mark.slow
async def test_a_card_of_the_staff_opens_the_viewer_where_there_is_an_address(clinic: Clinic, engines: Engines) -> None:
    scan = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    assert "Viewer" not in str((await clinic.rao.sees(f"Scan #{scan}")).body["reply_markup"])
    async with open_clinic(engines, public_url="https://scans.example.org") as public, viewing(public) as web:
        signed_scan = await a_scan(public, ScanStatus.DOCTOR_VERIFIED)
        assert "Viewer" in str((await public.meena.sees(f"Scan #{signed_scan}")).body["reply_markup"])
        scan = await a_scan(public, ScanStatus.AI_ANALYZED)
        card = await public.rao.sees(f"Scan #{scan}")
        address = card.body["reply_markup"]["inline_keyboard"][0][0]["web_app"]["url"]
        assert address == f"https://scans.example.org/viewer?scan={scan}"
        full = await public.rao.opens_web_app("Viewer", on=f"Scan #{scan}")
        data = parse_qs(urlsplit(full).fragment)["tgWebAppData"][0]
        assert (await web.post("/viewer/session", json={"init_data": data})).status == 200
        await public.amina.sends("/status")
        assert "Viewer" not in str((await public.amina.sees("Scan #")).body.get("reply_markup"))


@pytest.mark.slow
async def test_a_film_that_no_longer_decodes_is_said_and_many_films_wait(clinic: Clinic) -> None:
    scan = await a_scan_of(clinic, b"%PDF-1.7")
    async with viewing(clinic) as web:
        headers = await opened(web, clinic.rao)
        answers = await asyncio.gather(*(status(web, f"/viewer/scans/{scan}/film", headers) for _ in range(90)))
    assert set(answers) == {422, 429}
    async with clinic.app.services.sessions() as session:
        assert not (await session.scalars(select(AuditRow).where(AuditRow.act == "look:viewer"))).all()


def test_every_word_that_a_script_shows_is_sent_and_no_other() -> None:
    """`labels.name` and quoted names of buttons, tools, presets and messages."""
    scripts = [file.read_text(encoding="utf-8") for file in PAGES.glob("*.js")]
    named = {name for text in scripts for name in re.findall(r"labels\.(\w+)", text)}
    quoted = {name for text in scripts for name in re.findall(r'"(\w+)"', text)}
    assert named <= set(LABELS)
    assert set(LABELS) <= named | quoted


async def test_the_page_is_framed_by_telegram_alone_and_holds_nothing(clinic: Clinic) -> None:
    async with viewing(clinic) as web:
        page = await web.get("/viewer?scan=1", headers={"Accept-Language": "ta"})
        policy = page.headers["Content-Security-Policy"]
        assert "frame-ancestors https://web.telegram.org" in policy
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        body = await page.text()
        assert clinic.app.services.catalogues.of("ta").plain("viewer.signed_out") in body
        for name in ("viewer.css", *(file.name for file in PAGES.glob("*.js"))):
            assert (await web.get(f"/viewer/{name}")).status == 200, name
        assert (await web.get("/viewer/routes.py")).status == 404


async def test_the_slices_of_an_album_of_the_heart_come_together(clinic: Clinic) -> None:
    scans = [await a_scan(clinic, ScanStatus.AI_ANALYZED) for _ in range(3)]
    alone = await a_scan(clinic, ScanStatus.AI_ANALYZED)
    async with clinic.app.services.sessions.begin() as session:
        heart = {"media_group_id": "album", "modality": Modality.CARDIAC_MRI}
        await session.execute(update(Scan).where(Scan.id.in_(scans)).values(**heart))
    async with viewing(clinic) as web:
        headers = await opened(web, clinic.rao)
        for scan, expected in ((scans[1], scans), (alone, [alone])):
            facts = await (await web.get(f"/viewer/scans/{scan}", headers=headers)).json()
            assert facts["slices"] == expected


async def _measured(page: Page) -> str:
    """The text of the ruler for a line in the middle of the film."""
    await page.keyboard.press("0")
    await page.keyboard.press("3")
    box = await page.locator("#left canvas").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(*middle)
    await page.mouse.down()
    await page.mouse.move(middle[0] + 50, middle[1])
    await page.mouse.up()
    reading = page.locator("#reading")
    await expect(reading).to_be_in_viewport(ratio=1)
    return await reading.inner_text()


async def _is_sharpened(page: Page, said: str) -> None:
    film = page.locator("#left canvas")
    await page.keyboard.press("0")
    before = await film.screenshot()
    await page.keyboard.press("s")
    await expect(page.locator("#sharp")).to_have_text(said)
    assert await film.screenshot() != before
    await page.keyboard.press("0")
    await expect(page.locator("#sharp")).to_have_text("")


async def _is_wiped(page: Page, name: str) -> None:
    """The earlier film lies over this one, to the right of the line that the slider moves, and beside it afterwards."""
    slider, beside = page.get_by_label(name), page.locator("#right")
    await page.keyboard.press("w")
    await expect(beside).to_be_hidden()
    await slider.press("Home")
    all_earlier = await page.locator("#left canvas").screenshot()
    await slider.press("End")
    assert await page.locator("#left canvas").screenshot() != all_earlier
    await expect(page.locator("#beyond")).to_contain_text("#1 ·")
    await page.keyboard.press("w")
    await expect(slider).to_be_hidden()
    await expect(page.locator("#beyond")).to_have_text("")
    await expect(beside).to_be_visible()


async def _no_other_film_stands_for_one_that_does_not_come(page: Page, earlier: str) -> None:
    await page.route("**/viewer/scans/1/film", lambda route: route.fulfill(status=429))
    await page.get_by_label(earlier).select_option("")
    await page.get_by_label(earlier).select_option("1")
    await expect(page.locator("#message")).to_contain_text("Too many films")
    await expect(page.locator("#right")).to_be_hidden()
    await page.locator("#left canvas").focus()
    await page.keyboard.press("w")
    await expect(page.locator("#wipe")).to_be_hidden()


async def _sharpens_as_numpy_does(page: Page) -> None:
    """Each value moves away from the mean of the five by five around it, within the film's range."""
    values = np.random.default_rng(7).integers(0, 256, (9, 7), dtype=np.uint8)
    shown = await page.evaluate(
        "async one => Array.from((await import('/viewer/sharpen.js')).sharpened(Uint8Array.from(one), 7, 9, 255))",
        values.ravel().tolist(),
    )
    rows = [values[max(0, y - 2) : y + 3].mean(0, dtype=float) for y in range(9)]
    blurred = np.stack([np.stack(rows)[:, max(0, x - 2) : x + 3].mean(1) for x in range(7)], 1)
    exact = np.clip(2.0 * values - blurred, 0, 255)
    np.testing.assert_allclose(np.reshape(shown, (9, 7)), exact, atol=0.51)


@pytest.mark.slow
@pytest.mark.needs("chromium")
@pytest.mark.parametrize("width", [360, 1400])
async def test_the_viewer_opens_in_the_web_chat_and_is_used_by_hand_and_by_keys(engines: Engines, width: int) -> None:
    """No script or style is refused, every control has a name, and nothing is wider than a phone."""
    async with (
        open_clinic(engines, **_reachable()) as clinic,
        async_playwright() as drive,
        await drive.chromium.launch(executable_path=shutil.which("chromium")) as browser,
    ):
        await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
        await a_scan_of(clinic, dicom_file(PixelSpacing=[0.2, 0.2]))
        page = await browser.new_page(viewport=ViewportSize(width=width, height=800))
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(await clinic.rao.opens_web_app("Viewer", on="Scan #2"))
        await page.locator("#tools").wait_for()
        assert "tgWebAppData" not in page.url
        assert "Amina Yusuf" in await page.locator("#title").inner_text()
        names = await page.locator("#tools button, #tools select").evaluate_all(
            "all => all.map(one => one.ariaLabel || one.textContent)"
        )
        assert all(names)
        assert len(names) == len(set(names))
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate("document.querySelector('#tools').getBoundingClientRect().bottom <= innerHeight")
        before = await page.locator("#left canvas").screenshot()
        await page.get_by_role("button", name=sentence_for(clinic, "viewer.invert")).click()
        assert await page.locator("#left canvas").screenshot() != before
        await page.keyboard.press("i")
        await page.keyboard.press("+")
        assert await page.locator("#left canvas").screenshot() != before
        assert " mm" in await _measured(page)
        await page.get_by_label(sentence_for(clinic, "viewer.earlier")).select_option("1")
        await page.locator("#right:not([hidden])").wait_for()
        await _is_sharpened(page, sentence_for(clinic, "viewer.sharpened"))
        await _is_wiped(page, sentence_for(clinic, "viewer.wipe_at"))
        await _sharpens_as_numpy_does(page)
        assert complaints == []
        await _no_other_film_stands_for_one_that_does_not_come(page, sentence_for(clinic, "viewer.earlier"))
        await page.reload()
        await page.locator("#tools").wait_for()


@pytest.mark.slow
@pytest.mark.needs("chromium")
async def test_slices_are_leafed_through_and_played(engines: Engines) -> None:
    async with (
        open_clinic(engines, **_reachable()) as clinic,
        async_playwright() as drive,
        await drive.chromium.launch(executable_path=shutil.which("chromium")) as browser,
    ):
        scans = [await a_scan(clinic, ScanStatus.AI_ANALYZED) for _ in range(3)]
        async with clinic.app.services.sessions.begin() as session:
            await session.execute(update(Scan).values(media_group_id="album", modality=Modality.CARDIAC_MRI))
        page = await browser.new_page()
        await page.goto(await clinic.rao.opens_web_app("Viewer", on=f"Scan #{scans[-1]}"))
        await page.locator("#tools").wait_for()
        place = page.locator("#left .caption")
        await page.keyboard.press("PageDown")
        await expect(place).to_have_text("1 / 3")
        await page.mouse.move(200, 200)
        await page.mouse.wheel(0, 100)
        await expect(place).to_have_text("2 / 3")
        await page.keyboard.press("p")
        await expect(page.locator('[data-name="play"]')).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("p")
        await expect(page.locator('[data-name="play"]')).to_have_attribute("aria-pressed", "false")
