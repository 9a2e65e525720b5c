"""The web page as a whole: mailbox, phone layout, lost connections, accessibility."""

from email.message import EmailMessage

import aiosmtplib
import pytest
from playwright.async_api import expect

from bot.dev.sandbox.people import send_text
from bot.dev.sandbox.server import Sandbox
from tests.support.webchat import PEOPLE, Web, picture

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

HTML = "<h1>Your report</h1><img src=x onerror='parent.document.title=1'><script>parent.document.title='owned'</script>"

CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const paint = (layers) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const layer of layers) { canvas.fillStyle = layer; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb.map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (element.closest(".unseen, noscript, svg")) continue;
    const backs = [];
    for (let node = element; node; node = node.parentElement) backs.unshift(getComputedStyle(node).backgroundColor);
    const back = paint(backs);
    const [a, b] = [light(back), light(paint([...backs, getComputedStyle(element).color]))].sort((x, y) => y - x);
    seen += 1;
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return {seen, poor};
}"""
NAMELESS = """() => [...document.querySelectorAll("button, a, input, textarea, select")]
  .filter((one) => one.checkVisibility())
  .filter((one) => !(one.ariaLabel || one.innerText.trim() || one.labels?.length))
  .map((one) => one.outerHTML)"""


def mail(subject="Your report", html=None, pdf=None):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "desk@hospital.example", "amina@home.example", subject
    message.set_content("It is attached. https://example.org/verify")
    if html:
        message.add_alternative(html, subtype="html")
    if pdf:
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename="report.pdf")
    return message


async def post(sandbox, message):
    await aiosmtplib.send(message, hostname=sandbox.mailbox.host, port=sandbox.mailbox.port, start_tls=False)


async def test_a_mail_arrives_live_and_its_attachment_opens_in_a_new_tab(web, sandbox):
    await post(sandbox, mail(pdf=b"%PDF-1.4 report"))
    mailbox = web.pane("Mailbox")
    await expect(mailbox.get_by_text("1 unread")).to_be_visible()
    await mailbox.get_by_role("button", name="Your report").click()

    await expect(mailbox.locator("pre")).to_contain_text("It is attached.")
    link = mailbox.get_by_role("link", name="Open report.pdf")
    await expect(link).to_have_attribute("target", "_blank")
    assert (await (await web.page.request.get(await link.evaluate("link => link.href"))).body()) == b"%PDF-1.4 report"
    await mailbox.get_by_role("button", name="Back to the list").click()
    await expect(mailbox.get_by_text("1 unread")).to_have_count(0)


async def test_the_html_of_a_mail_runs_nothing(web, sandbox):
    await post(sandbox, mail(html=HTML))
    await web.pane("Mailbox").get_by_role("button", name="Your report").click()

    frame = web.pane("Mailbox").locator("iframe")
    await expect(frame.content_frame.get_by_role("heading", name="Your report")).to_be_visible()
    assert "allow-scripts" not in await frame.get_attribute("sandbox")
    assert "allow-same-origin" not in await frame.get_attribute("sandbox")
    assert await web.page.title() == "CSSS demo"


async def test_a_phone_shows_one_pane_and_counts_the_others(phone, bot, chat_of):
    await expect(phone.pane("Amina Yusuf")).to_be_visible()
    await expect(phone.pane("Dr. Kavya Rao")).to_be_hidden()
    for text in ("one", "two"):
        await bot("sendMessage", chat_id=chat_of("Dr."), text=text)

    tab = phone.page.get_by_role("navigation").get_by_role("button", name="Dr. Rao")
    await expect(tab).to_contain_text("2 unread")
    await tab.click()
    await expect(phone.pane("Dr. Kavya Rao")).to_be_visible()
    await expect(phone.pane("Amina Yusuf")).to_be_hidden()
    await expect(tab).not_to_contain_text("unread")


@pytest.mark.parametrize("width", [320, 390, 800, 1280, 2560])
async def test_no_width_makes_the_whole_page_scroll_sideways(web, width):
    await web.page.set_viewport_size({"width": width, "height": 800})
    assert await web.page.evaluate("document.documentElement.scrollWidth") <= width
    await expect(web.field("Amina")).to_be_in_viewport()


async def test_after_a_lost_connection_nothing_is_missing_and_nothing_doubled(web, wire, bot, amina):
    await web.opens(f"http://127.0.0.1:{wire.port}/")
    await bot("sendMessage", chat_id=amina, text="one")
    gone = await bot("sendMessage", chat_id=amina, text="two")
    await expect(web.bubbles("Amina Yusuf")).to_have_count(2)
    wire.break_off()
    await expect(web.page.locator("#link")).to_have_text("Reconnecting…")
    await bot("sendMessage", chat_id=amina, text="three")
    await bot("deleteMessage", chat_id=amina, message_id=gone["message_id"])
    wire.cut = False
    await web.is_live()
    await bot("sendMessage", chat_id=amina, text="four")

    await expect(web.bubbles("Amina Yusuf").locator(".words")).to_have_text(["one", "three", "four"])


async def test_a_restarted_server_is_shown_as_it_is(web, wire, bot, amina):
    """Event numbers restart, so an old offset would miss events for a while."""
    await web.opens(f"http://127.0.0.1:{wire.port}/")
    for text in ("old one", "old two", "old three"):
        await bot("sendMessage", chat_id=amina, text=text)
    await expect(web.bubbles("Amina Yusuf")).to_have_count(3)
    async with Sandbox() as other:
        ravi = other.engine.store.join("Ravi Kumar", "patient", "en", None)
        send_text(other.engine, ravi, "a new house")
        wire.target = int(other.base.rsplit(":", 1)[1])
        wire.break_off()
        wire.cut = False
        await expect(web.pane("Ravi Kumar")).to_be_visible()
        await expect(web.pane("Amina Yusuf")).to_have_count(0)
        await web.is_live()
        send_text(other.engine, ravi, "and live")
        await expect(web.bubbles("Ravi Kumar").locator(".words")).to_have_text(["a new house", "and live"])
        wire.break_off()


async def test_the_first_hint_can_be_dismissed_for_good(web):
    hint = web.page.get_by_role("complementary")
    await expect(hint).to_contain_text("You are all four people. Start as Amina")
    await hint.get_by_role("button", name="Dismiss").click()
    await expect(hint).to_be_hidden()
    await web.page.reload()
    await web.is_live()
    await expect(hint).to_be_hidden()


async def test_the_page_works_where_storage_is_forbidden(browser, sandbox):
    context = await browser.new_context()
    await context.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})")
    web = Web(await context.new_page())
    await web.opens(sandbox.web)
    await web.page.get_by_role("button", name="Dismiss this hint").click()
    await expect(web.page.get_by_role("complementary")).to_be_hidden()
    assert web.problems == []
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_has_the_contrast_of_wcag_aa(web, bot, chat_of, scheme):
    for name, _ in PEOPLE:
        chat = chat_of(name)
        keys = {"inline_keyboard": [[{"text": "Verify", "callback_data": "v"}]]}
        await bot(
            "sendMessage",
            chat_id=chat,
            text="<b>Bold</b> <code>code</code> /help",
            parse_mode="HTML",
            reply_markup=keys,
        )
        await bot("sendDocument", chat_id=chat, files={"document=report.pdf": b"%PDF-"}, protect_content="true")
        await web.field(name).fill("hello /start https://example.org")
        await web.field(name).press("Enter")
        await expect(web.bubbles(name)).to_have_count(3)
    await web.page.emulate_media(color_scheme=scheme)

    found = await web.page.evaluate(CONTRAST)
    assert found["seen"] > 60
    assert found["poor"] == []


@pytest.mark.parametrize("width", [390, 1440])
async def test_every_control_has_a_name(web, bot, amina, width):
    await web.page.set_viewport_size({"width": width, "height": 844})
    await bot("sendPhoto", chat_id=amina, files={"photo=film.jpg": picture()})
    await expect(web.bubbles("Amina Yusuf")).to_have_count(1)
    assert await web.page.evaluate(NAMELESS) == []


async def test_new_messages_are_announced_politely(web):
    log = web.page.get_by_role("log", name="Messages of Amina Yusuf")
    await expect(log).to_have_attribute("aria-live", "polite")


async def test_the_page_asks_nobody_but_its_own_server(browser, sandbox):
    context = await browser.new_context()
    page = await context.new_page()
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    web = Web(page)
    await web.opens(sandbox.web)
    assert {url for url in requested if not url.startswith((sandbox.base, "data:", "blob:"))} == set()
    assert len(requested) > 10
    await context.close()
