"""The reading beside the film: the chat's draft and verbs, its claim and its record; nobody overwrites anybody."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Page, async_playwright, expect
from sqlalchemy import select

from bot.dev.demo import _reachable
from bot.engines import Engines
from handlers.ui.callbacks import CardAction, OnCard, OnReading, SetPhrase
from models.tables.audit import AuditRow
from models.tables.scans import Reading, Scan
from models.vocabulary import Role, ScanStatus
from tests.support.browser import ORIGIN, browsing
from tests.support.jobs import settles
from tests.support.ownership import _kept, _moves_in
from tests.support.pages import faults_of, mailed_code, signs_in
from tests.support.people import CODE, Clinic, open_clinic
from tests.support.steps import a_scan, actor, sentence_for
from tests.support.viewing import Form, opened, opened_at_the_desk, viewing
from workflow.permissions import PROOF_PERIOD
from workflow.scans import claims

RAO = "rao@example.org"


@pytest.fixture
async def public(engines: Engines) -> AsyncIterator[Clinic]:
    async with open_clinic(engines, public_url=ORIGIN) as clinic:
        yield clinic


async def reading_of(clinic: Clinic) -> tuple[Reading | None, ScanStatus]:
    async with clinic.app.services.sessions() as session:
        scan = await session.get_one(Scan, 1)
        return scan.reading, scan.status


async def acts_of(clinic: Clinic, source: str) -> list[str]:
    """The acts of the doctor on scans, as recorded."""
    async with clinic.app.services.sessions() as session:
        rows = select(AuditRow.act).where(AuditRow.source == source, AuditRow.role == "doctor").order_by(AuditRow.seq)
        return list(await session.scalars(rows.where(AuditRow.object_kind == "scan")))


async def test_chat_and_page_have_one_draft_and_the_signature_goes_on_to_the_pharmacist(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    async with viewing(clinic) as web:
        form = Form(web, await opened(web, clinic.rao), 1)
        assert await form.reads() == 200
        assert set(form.state) == {"take"}, "first the scan is taken, as by the chat's button"
        assert await form.does("take") == 200
        assert await form.does("ready", name="normal_chest") == 200
        assert await form.does("words", name="devices", text="A line in place.") == 200
        assert await form.does("typed", name="impression", text=" Clear lungs. ") == 200
        assert await form.does("rest") == 200
        await clinic.rao.forges(OnReading(scan_id=1, part="draft").pack())
        chat = (await clinic.rao.sees("Clear lungs.")).text
        assert "A line in place." in chat
        assert all(line in chat for line in form.state["text"].split("\n")), "the whole text that is signed"
        await clinic.rao.forges(SetPhrase(scan_id=1, region="lungs", phrase="nodule").pack())
        await clinic.rao.sees("Lungs: Nodule.")
        assert await form.does("band", name="urgent") == 409, "the chat has changed the draft"
        assert form.state["refused"] == sentence_for(clinic, "error.words_changed")
        assert "Nodule" in form.state["text"]
        assert await form.does("phrase", name="lungs", code="nodule", on=False) == 200
        for region in ("lungs", "devices"):
            assert await form.does("phrase", name=region) == 200
        assert await form.does("band", name="no_action") == 200
        assert await form.does("sign", agrees=True) == 409
        assert any("COVID" in one for one in form.state["difference"]["notes"]), form.state
        [seen] = form.state["difference"]["signs"]
        assert await form.does(**seen["act"]) == 200
        assert "is signed" in form.state["signed"]
        assert await form.reads() == 404, "there is nothing to write any more"
    reading, status = await reading_of(clinic)
    assert reading is not None
    assert (status, reading.agrees, reading.difference_seen) == (ScanStatus.DOCTOR_VERIFIED, False, True)
    await clinic.meena.sees("Scan #1")
    done = await acts_of(clinic, "chat")
    assert {"claim", "write_findings", "look:draft", "see_difference", "verify"} <= set(done)


async def test_contradictions_reasons_and_the_alert_are_as_in_the_chat(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED, uncertain=True)
    async with viewing(clinic) as web:
        form = Form(web, await opened(web, clinic.rao), 1)
        await form.reads()
        await form.does("take")
        assert await form.does("ready", name="pneumothorax_right") == 200
        assert form.state["notes"] == [sentence_for(clinic, "conflict.alert")]
        assert sentence_for(clinic, "viewer.no_alert") in form.labels()
        assert await form.does("band", name="no_action") == 200
        assert await form.does("sign") == 409
        assert form.state["refused"] == sentence_for(clinic, "error.conflict_refused")
        assert await form.does("band", name="see_doctor") == 200
        assert sentence_for(clinic, "viewer.override") in form.labels()
        assert await form.does("sign") == 409
        assert form.state["refused"] == sentence_for(clinic, "error.reason_missing")
        assert await form.does("reason", name="override", code="known") == 200
        assert len(form.state["notes"]) == 1, "the reason stands in the place of the contradiction"
        assert await form.does("reason", name="override", text="x" * 501) == 409
        assert await form.does("reason", name="override", text="Known for years.") == 200
        assert await form.does("band", name="urgent") == 200
        assert await form.does("reason", name="no_alert", code="told") == 200
        assert await form.does("critical") == 200
        assert sentence_for(clinic, "viewer.alert") not in form.labels()
    assert {"override", "no_alert", "mark_critical"} <= set(await acts_of(clinic, "chat"))


async def test_in_a_browser_a_signature_asks_for_an_own_code_of_the_last_minutes(public: Clinic) -> None:
    await a_scan(public, ScanStatus.AI_ANALYZED, uncertain=True)
    async with browsing(public) as rao:
        await rao.signs_in(public, RAO)
        form = Form(rao.web, await opened_at_the_desk(rao), 1)
        assert await form.reads() == 200
        await form.does("take")
        await form.does("typed", name="findings", text="Opacity.")
        assert form.state["signs"] == [], "the model was uncertain, and an own reading is missing"
        assert await form.does("sign") == 403, "the code comes first"
        await form.does("typed", name="own_reading", text="Pneumonia.")
        assert len(form.state["signs"]) == 1
        earlier = await public.telegram.mails(RAO)
        assert (await rao.web.post(f"{form.path}/proof", headers=form.headers)).status == 200
        mail = await public.telegram.mail_to(RAO, after=earlier[-1], containing="Your code")
        [code] = CODE.findall(mail.text)
        assert await form.types_code(f"{(int(code) + 1) % 1_000_000:06}") == 403
        assert await form.does("sign") == 403
        assert (await reading_of(public))[1] is ScanStatus.AI_ANALYZED
        assert await form.types_code(code) == 200
        cookies, state = rao.cookies, form.state
    async with browsing(public, PROOF_PERIOD + timedelta(minutes=1)) as later:
        later.cookies = cookies
        form = Form(later.web, await opened_at_the_desk(later), 1)
        form.state = state
        assert await form.does("sign") == 403, "that code is too long ago"
    async with browsing(public) as rao:
        rao.cookies = cookies
        headers = await opened_at_the_desk(rao)
        form = Form(rao.web, headers, 1)
        form.state = state
        form.headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        assert await form.does("sign") == 401, "a cookie, which other pages could send along, opens nothing"
        form.headers = headers
        assert await form.does("sign") == 200
    assert (await reading_of(public))[1] is ScanStatus.DOCTOR_VERIFIED
    assert {"write_findings", "look:draft", "verify"} <= set(await acts_of(public, "browser"))


async def test_two_doctors_do_not_overwrite_each_other(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    lena = await _moves_in(clinic, "Dr Lena", "lena@example.org", Role.DOCTOR)
    async with viewing(clinic) as web:
        rao, other = Form(web, await opened(web, clinic.rao), 1), Form(web, await opened(web, lena), 1)
        await rao.reads()
        await other.reads()
        await rao.does("take")
        await rao.does("typed", name="impression", text="Mine.")
        assert await other.does("take") == 409
        assert "Rao" in other.state["refused"]
        assert await other.reads() == 200
        assert set(other.state) == {"holder"}
        assert await other.does("typed", name="impression", text="No, mine.", shown=rao.state["shown"]) == 409
        assert (await reading_of(clinic))[0].impression == "Mine."  # type: ignore[union-attr]
        await clinic.rao.sends("/queue")
        await clinic.rao.presses("Give back")
        await other.reads()
        assert await other.does("take") == 200
        assert await rao.does("typed", name="impression", text="Mine again.") == 409
        assert "Lena" in rao.state["holder"]
        assert await other.does("typed", name="impression", text="Hers.") == 200
        assert "Dr Rao" in " ".join(other.labels()), "the other draft is kept"
        assert await other.does("start_from", number=1) == 200
        assert "Mine." in other.state["text"]


async def test_a_correction_that_was_begun_in_the_chat_is_written_and_signed_here(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.PHARMACIST_COMPLETED)
    async with viewing(clinic) as web:
        form = Form(web, await opened(web, clinic.rao), 1)
        assert await form.reads() == 404
        await clinic.rao.forges(OnCard(action=CardAction.CORRECT, scan_id=1).pack())
        await clinic.rao.sees("Written down")
        assert await form.reads() == 200
        assert "Infection." in form.state["text"]
        assert await form.does("typed", name="impression", text="Infection on the left.") == 200
        assert await form.does("sign", agrees=True) == 200
    reading, status = await reading_of(clinic)
    assert reading is not None
    assert (reading.impression, status) == ("Infection on the left.", ScanStatus.PHARMACIST_COMPLETED)
    assert reading.version is not None
    await clinic.meena.sees("has corrected the reading of scan #1")


async def test_who_writes_no_findings_gets_no_form_and_forged_acts_change_nothing(clinic: Clinic) -> None:
    await a_scan(clinic, ScanStatus.AI_ANALYZED)
    await a_scan(clinic, ScanStatus.DOCTOR_VERIFIED)
    async with viewing(clinic) as web:
        for person, scan in ((clinic.meena, 2), (clinic.joseph, 2), (clinic.meena, 1), (clinic.rao, 2)):
            form = Form(web, await opened(web, person), scan)
            assert await form.reads() == 404, person.name
            assert await form.does("typed", name="findings", text="Forged.") in {404, 409}, person.name
        form = Form(web, {}, 1)
        assert await form.reads() == 401
        assert await form.does("take") == 401
        form = Form(web, await opened(web, clinic.rao), 1)
        await form.reads()
        await form.does("take")
        await form.does("ready", name="normal_chest")
        await settles(clinic)
        before = await _kept(clinic)
        for act, about in (
            ("ready", {"name": "made_up"}),
            ("add", {"name": "normal_chest"}),
            ("phrase", {"name": "lungs", "code": "made_up"}),
            ("phrase", {"name": "elbow", "code": "nodule"}),
            ("words", {"name": "left_ventricle", "text": "Big."}),
            ("typed", {"name": "signed_at", "text": "now"}),
            ("typed", {"name": "findings", "text": "x" * 3001}),
            ("band", {"name": "purple"}),
            ("why", {"name": "made_up"}),
            ("reason", {"name": "override", "code": "made_up"}),
            ("reason", {"name": "band", "code": "known"}),
            ("use_phrase", {"number": 9}),
            ("keep_phrase", {"text": " "}),
            ("start_from", {"number": 9}),
            ("release", {}),
        ):
            assert await form.does(act, **about) == 409, act
        for body in ({"act": "take", "more": 1}, {"act": 1}, {"act": "typed", "text": "x" * 3002}, [], {}):
            assert (await web.post(form.path, json=body, headers=form.headers)).status == 422, body
        assert (await web.post(form.path, data=b"x" * 40_000, headers=form.headers)).status == 413
        assert await _kept(clinic) == before


@pytest.mark.slow
@pytest.mark.needs("chromium")
@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_a_doctor_reads_beside_the_film_by_the_keyboard_alone(engines: Engines, theme: str) -> None:
    """A draft that changed meanwhile is shown with what is new, what was typed stays; a wrong code signs nothing."""
    async with (
        open_clinic(engines, **_reachable()) as clinic,
        async_playwright() as drive,
        await drive.chromium.launch(executable_path=shutil.which("chromium")) as browser,
    ):
        await a_scan(clinic, ScanStatus.AI_ANALYZED, uncertain=True)
        page, complaints = await browser.new_page(), list[str]()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Policy" in said.text else None)
        await signs_in(page, clinic, RAO)
        if theme == "light":
            await page.goto(f"{clinic.app.settings.base_url}/desk/account")
            await page.locator("form[action='/desk/theme'] button").click()
        await page.goto(f"{clinic.app.settings.base_url}/viewer?scan=1")
        await page.locator("#tools").wait_for()
        await page.keyboard.press("e")
        await expect(page.get_by_role("button", name="Read this scan")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Pneumonia, right").press("Enter")
        await expect(page.locator(".draft")).to_contain_text("Consolidation in the right lung")
        await _changes_meanwhile(page, clinic)
        await _is_taken_over_and_taken_back(page, clinic)
        faults = await faults_of(page)
        assert not faults, "\n".join(faults)
        await _signs_with_a_code(page, clinic)
        assert complaints == []
        await clinic.meena.sees("Scan #1")


async def _changes_meanwhile(page: Page, clinic: Clinic) -> None:
    """The chat writes on the same draft while a field is being typed into."""
    field = page.get_by_role("textbox", name="Recommendations")
    await field.fill("Repeat film in two weeks.")
    await clinic.rao.forges(SetPhrase(scan_id=1, region="bones", phrase="rib_fracture").pack())
    await clinic.rao.sees("Bones: Rib fracture.")
    await field.press("Control+Enter")
    await expect(page.locator("#said")).to_have_text(sentence_for(clinic, "error.words_changed"))
    await expect(page.locator("#said")).to_be_focused()
    await expect(page.locator(".draft mark")).to_contain_text(["Rib fracture"])
    await expect(field).to_have_value("Repeat film in two weeks.")
    await page.get_by_role("button", name="Verify").press("Enter")
    await expect(page.locator("#said")).to_have_text(sentence_for(clinic, "viewer.read_then_sign"))
    await expect(page.locator(".draft")).to_contain_text("Repeat film in two weeks.")


async def _is_taken_over_and_taken_back(page: Page, clinic: Clinic) -> None:
    """Words typed while another doctor takes the scan are shown, and stand in their field when the scan is back."""
    await _moves_in(clinic, "Dr Lena", "lena@example.org", Role.DOCTOR)
    field = page.get_by_role("textbox", name="Impression")
    await field.fill("Fracture, and pneumonia.")
    await _takes_over(clinic, "lena@example.org", RAO)
    await field.press("Control+Enter")
    await expect(page.locator("#said")).to_contain_text("Lena")
    unsaved = page.get_by_label(sentence_for(clinic, "viewer.unsaved"))
    await expect(unsaved).to_have_value("Fracture, and pneumonia.")
    await _takes_over(clinic, RAO, "lena@example.org")
    await page.get_by_role("button", name=sentence_for(clinic, "viewer.again")).press("Enter")
    await expect(field).to_have_value("Fracture, and pneumonia.")
    await field.press("Control+Enter")
    await expect(page.locator(".draft")).to_contain_text("Fracture, and pneumonia.")


async def _takes_over(clinic: Clinic, email: str, holder: str) -> None:
    async with clinic.app.services.sessions.begin() as session:
        held_by = (await actor(session, holder)).account_id
        assert held_by is not None
        await claims.take_over(session, await actor(session, email), 1, held_by, clinic.app.services.now())


async def _signs_with_a_code(page: Page, clinic: Clinic) -> None:
    earlier = (await clinic.telegram.mails(RAO))[-1]
    await page.get_by_role("button", name="Verify").press("Enter")
    asked = page.get_by_label(sentence_for(clinic, "viewer.proof"))
    await expect(asked).to_be_focused()
    code = await mailed_code(clinic, RAO, earlier)
    await page.get_by_role("button", name="Verify").press("Enter")
    await expect(page.locator(".proof [role=alert]")).not_to_be_empty()  # the next code is not due yet
    await expect(asked).to_be_focused()
    await asked.fill("not it")
    await page.keyboard.press("Enter")
    await expect(page.locator(".proof [role=alert]")).not_to_be_empty()
    assert (await reading_of(clinic))[1] is ScanStatus.AI_ANALYZED
    await asked.fill(code)
    await page.keyboard.press("Enter")
    await expect(page.locator("#said")).to_contain_text("is signed")
    assert (await reading_of(clinic))[1] is ScanStatus.DOCTOR_VERIFIED
