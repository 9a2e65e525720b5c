"""Pictures and files on the demo's page, in both directions."""

import pytest
from playwright.async_api import expect

from tests.support.webchat import picture

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

DROP = """([target, name, type, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], name, {type}));
  for (const kind of ["dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true}));
}"""
PASTE = """([target, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], "shot.png", {type: "image/png"}));
  target.dispatchEvent(new ClipboardEvent("paste", {clipboardData: files, bubbles: true, cancelable: true}));
}"""


def file(name, kind="image/jpeg", data=None):
    return {"name": name, "mimeType": kind, "buffer": data or picture()}


async def choose(web, *files):
    await web.pane("Amina Yusuf").locator("input[type=file]").set_input_files(list(files))


async def answer(web, label):
    await web.page.get_by_role("dialog").get_by_role("button", name=label).click()


async def test_a_picture_goes_as_photo_with_its_caption(web, bot):
    await choose(web, file("chest.jpg"))
    await web.page.get_by_label("Caption").fill("since Monday")
    await answer(web, "Send as photo")

    message = await bot.next_update()
    assert message["caption"] == "since Monday"
    assert message["photo"][-1]["width"] == 240
    await expect(web.bubbles("Amina Yusuf").locator("img")).to_have_attribute("alt", "since Monday")
    await expect(web.pane("Amina Yusuf").locator("ol > li, ul > li").first).to_have_text("Today")


async def test_a_picture_goes_as_file_with_every_byte(web, bot):
    await choose(web, file("chest.jpg"))
    await answer(web, "Send as file")

    document = (await bot.next_update())["document"]
    assert (document["file_name"], document["mime_type"]) == ("chest.jpg", "image/jpeg")
    assert document["file_size"] == len(picture())
    await expect(web.bubbles("Amina Yusuf").locator(".file")).to_contain_text("chest.jpg")


async def test_several_pictures_go_as_one_album_shown_as_a_grid(web, bot):
    await choose(web, file("a.jpg"), file("b.jpg", data=picture(30)), file("c.jpg", data=picture(160)))
    await answer(web, "Send as album")

    assert len({(await bot.next_update())["media_group_id"] for _ in range(3)}) == 1
    await expect(web.bubbles("Amina Yusuf")).to_have_count(1)
    await expect(web.bubbles("Amina Yusuf").locator(".album img")).to_have_count(3)


async def test_what_is_no_picture_is_offered_as_a_file_only(web, bot):
    await choose(web, file("notes.txt", "text/plain", b"hello"))
    await expect(web.page.get_by_role("dialog").get_by_role("button", name="Send as photo")).to_have_count(0)
    await answer(web, "Send as file")
    assert (await bot.next_update())["document"]["file_name"] == "notes.txt"


async def test_a_refused_upload_says_why_and_can_be_dismissed(web):
    await choose(web, file("broken.jpg", data=b"no picture at all"))
    await answer(web, "Send as photo")

    failed = web.pane("Amina Yusuf").locator(".failed")
    await expect(failed).to_contain_text("broken.jpg was not sent.")
    await failed.get_by_role("button", name="Dismiss").click()
    await expect(web.bubbles("Amina Yusuf")).to_have_count(0)


async def test_an_upload_that_failed_can_be_tried_again(web, bot):
    await web.page.route("**/photo", lambda route: route.abort(), times=1)
    await choose(web, file("chest.jpg"))
    await answer(web, "Send as photo")
    await web.pane("Amina Yusuf").get_by_role("button", name="Try again").click()

    assert (await bot.next_update())["photo"]
    await expect(web.bubbles("Amina Yusuf")).to_have_count(1)


async def test_a_sample_is_picked_from_the_tray(web, bot):
    await web.pane("Amina Yusuf").get_by_role("button", name="Attach").click()
    await web.pane("Amina Yusuf").get_by_role("button", name="Chest X-ray").click()
    await answer(web, "Send as photo")
    assert (await bot.next_update())["photo"]


async def test_a_sample_may_be_dragged_into_another_chat(web, bot):
    await web.pane("Amina Yusuf").get_by_role("button", name="Attach").click()
    await (
        web.pane("Amina Yusuf")
        .get_by_role("button", name="DICOM film")
        .drag_to(web.pane("Dr. Kavya Rao").locator(".room"))
    )
    await answer(web, "Send as file")
    message = await bot.next_update()
    assert (message["document"]["file_name"], message["from"]["first_name"]) == ("film.dcm", "Dr.")


async def test_a_picture_may_be_dropped_or_pasted(web, bot):
    room = await web.pane("Joseph Mathew").locator(".room").element_handle()
    await web.page.evaluate(DROP, [room, "drop.jpg", "image/jpeg", list(picture())])
    await answer(web, "Send as file")
    assert (await bot.next_update())["document"]["file_name"] == "drop.jpg"

    await web.page.evaluate(PASTE, [await web.field("Joseph").element_handle(), list(picture())])
    await answer(web, "Send as photo")
    assert (await bot.next_update())["photo"]


async def test_a_photo_enlarges_and_can_be_saved(web, bot, amina):
    await bot("sendPhoto", chat_id=amina, caption="Heat map", files={"photo=map.jpg": picture()})
    await web.pane("Amina Yusuf").get_by_role("button", name="Enlarge: Heat map").click()

    sheet = web.page.get_by_role("dialog", name="Heat map")
    await expect(sheet.get_by_role("img", name="Heat map")).to_be_visible()
    await expect(sheet.get_by_role("link", name="Save")).to_be_visible()
    await web.page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)


async def test_a_protected_photo_offers_no_saving_and_says_so(web, bot, amina):
    await bot("sendPhoto", chat_id=amina, caption="Film", protect_content="true", files={"photo=film.jpg": picture()})
    await expect(web.bubbles("Amina Yusuf").get_by_label("Protected by the bot")).to_be_visible()
    await web.pane("Amina Yusuf").get_by_role("button", name="Enlarge: Film").click()

    sheet = web.page.get_by_role("dialog", name="Film")
    await expect(sheet.locator(".guarded")).to_contain_text("no saving and no forwarding")
    await expect(sheet.get_by_role("link")).to_have_count(0)


async def test_a_pdf_opens_in_a_new_tab_and_html_is_only_saved(web, bot, amina):
    await bot("sendDocument", chat_id=amina, files={"document=report.pdf": b"%PDF-1.4"})
    await bot("sendDocument", chat_id=amina, files={"document=page.html": b"<script>1</script>"})

    pdf = web.pane("Amina Yusuf").get_by_role("link", name="Open report.pdf")
    await expect(pdf).to_have_attribute("target", "_blank")
    assert (await (await web.page.request.get(await pdf.evaluate("link => link.href"))).body()) == b"%PDF-1.4"
    page = web.pane("Amina Yusuf").get_by_role("link", name="Save page.html")
    await expect(page).to_have_attribute("download", "page.html")
