"""A patient's addresses. They exist only where the web app has a public address."""

from aiohttp import web

from bot.addresses import web_chat_of
from bot.services import Services
from bot.web.areas.guard import not_there, texts_for_guest
from bot.web.areas.install import add_install_routes
from bot.web.areas.notices import add_notice_routes
from bot.web.areas.opening import add_opening_routes
from bot.web.patient import account, enter, films, medicines, reports, scans, sending, upload
from bot.web.patient.pages import MY, WEB_CHAT, page
from bot.web.verify import SERVICES
from workflow.permissions import Permission
from workflow.token_bucket import TokenBuckets


def add_patient_routes(app: web.Application, services: Services) -> None:
    """Needs `add_verify_routes` and `add_desk_routes` before."""
    if services.base_url is None:
        return
    app[WEB_CHAT], app[enter.ATTEMPTS] = web_chat_of(services.bot.session.api.base), TokenBuckets(20, 20 / 60)
    app[upload.UPLOADS] = upload.Uploads(services.pictures_per_hour)
    add = app.router
    add_install_routes(add, MY)
    add_opening_routes(add, MY)
    add_notice_routes(add, MY)
    add.add_get("/my/enter", enter.show)
    add.add_post("/my/session", enter.start)
    add.add_get("/my/sign-in", enter.show_sign_in)
    _add_pages(add)
    add.add_route("*", "/my/{rest:.*}", unknown)


def _add_pages(add: web.UrlDispatcher) -> None:
    """The pages of a signed-in patient; `page` asks the permission."""
    scan = r"/my/scans/{scan_id:\d{1,9}}"
    add.add_get("/my/unlock", page(Permission.UNLOCK, enter.show_lock))
    add.add_post("/my/unlock", page(Permission.UNLOCK, enter.take_lock_password))
    add.add_post("/my/sign-out", page(Permission.SIGN_OUT, enter.sign_out))
    add.add_get("/my", page(Permission.SEE_OWN, scans.show_all))
    add.add_get(scan, page(Permission.SEE_OWN, scans.show))
    add.add_get(f"{scan}/film", page(Permission.SEE_OWN, films.show))
    add.add_post(f"{scan}/same", page(Permission.DESCRIBE, scans.answer_same_picture))
    film = r"/my/films/{scan_id:\d{1,9}}/{kind:thumbnail|film}/{until:\d{1,12}}/{seal:[0-9a-f]{32}}"
    add.add_get(film, page(Permission.SEE_OWN, films.picture, by_itself=True))
    add.add_get("/my/reports", page(Permission.SEE_REPORT, reports.show))
    add.add_get(r"/my/reports/{scan_id:\d{1,9}}.pdf", page(Permission.SEE_REPORT, reports.fetch))
    add.add_get("/my/medicines", page(Permission.SEE_REPORT, medicines.show))
    add.add_get("/my/how.png", page(Permission.SEE_OWN, sending.how_to_photograph, by_itself=True))
    add.add_get("/my/send", page(Permission.SEE_OWN, sending.show))
    add.add_get("/my/consent", page(Permission.SEE_OWN, sending.ask_consent))
    add.add_post("/my/consent", page(Permission.UPLOAD, sending.take_consent))
    add.add_post("/my/pictures", page(Permission.UPLOAD, upload.take, by_itself=True))
    add.add_get("/my/account", page(Permission.SEE_SESSIONS, account.show))
    add.add_post("/my/language", page(Permission.SET_LANGUAGE, account.choose_language))
    add.add_post("/my/theme", page(Permission.SEE_SESSIONS, account.switch_theme))


async def unknown(request: web.Request) -> web.Response:
    return not_there(MY, request, texts_for_guest(request, request.app[SERVICES]))
