"""The desk's addresses. They exist only where the web app has a public address."""

from functools import partial

from aiohttp import web

from bot.services import Services
from bot.web.areas import guard
from bot.web.areas.guard import not_there, texts_for_guest
from bot.web.areas.install import add_install_routes
from bot.web.areas.notices import add_notice_routes
from bot.web.areas.opening import add_opening_routes
from bot.web.desk import account, house, live, patients, proof, scan, sign_in, worklist
from bot.web.desk.oversight import hours, model, record, week
from bot.web.desk.rendering import DESK
from bot.web.shared.changes import CHANGES, Changes
from bot.web.shared.sign_in import ATTEMPTS
from bot.web.verify import SERVICES
from workflow.permissions import Permission
from workflow.token_bucket import TokenBuckets

page = partial(guard.page, DESK)


def add_desk_routes(app: web.Application, services: Services) -> None:
    """Needs `add_verify_routes` before."""
    if services.base_url is None:
        return
    app[ATTEMPTS] = TokenBuckets(20, 20 / 60)
    app[worklist.SHOWN], app[CHANGES] = {}, Changes(services)
    app.on_shutdown.append(app[CHANGES].close)
    add = app.router
    add_install_routes(add, DESK)
    add.add_get("/desk/sign-in", sign_in.show)
    add.add_post("/desk/sign-in", sign_in.take_password)
    add.add_get("/desk/code", sign_in.show_code)
    add.add_post("/desk/code", sign_in.take_code)
    add_opening_routes(add, DESK)
    add_notice_routes(add, DESK)
    _add_pages(add)
    add.add_route("*", "/desk/{rest:.*}", unknown)


def _add_pages(add: web.UrlDispatcher) -> None:
    """The pages of a signed-in person; `page` asks the permission."""
    add.add_get("/desk/unlock", page(Permission.UNLOCK, sign_in.show_lock))
    add.add_post("/desk/unlock", page(Permission.UNLOCK, sign_in.take_lock_password))
    add.add_post("/desk/sign-out", page(Permission.SIGN_OUT, sign_in.sign_out))
    add.add_get("/desk", page(Permission.SEE_QUEUE, worklist.home))
    add.add_get("/desk/account", page(Permission.SEE_SESSIONS, account.show))
    add.add_post("/desk/role", page(Permission.SWITCH_ROLE, account.switch_role))
    add.add_post("/desk/theme", page(Permission.SEE_SESSIONS, account.switch_theme))
    add.add_get("/desk/worklist", page(Permission.SEE_QUEUE, worklist.show))
    add.add_get("/desk/worklist/rows", page(Permission.SEE_QUEUE, worklist.rows, by_itself=True))
    add.add_get("/desk/worklist/stream", page(Permission.SEE_QUEUE, live.stream, by_itself=True))
    add.add_post(r"/desk/scans/{scan_id:\d{1,9}}/claim", page(Permission.CLAIM, worklist.claim))
    add.add_get(r"/desk/scans/{scan_id:\d{1,9}}", page(Permission.SEE_HISTORY, scan.show))
    add.add_post("/desk/deliveries", page(Permission.RESEND, scan.resend))
    add.add_get("/desk/proof", page(Permission.PROVE, proof.ask))
    add.add_post("/desk/proof", page(Permission.PROVE, proof.take))
    add.add_get("/desk/proved", page(Permission.PROVE, proof.done))
    add.add_get("/desk/patients", page(Permission.FIND_PATIENT, patients.ask))
    add.add_post("/desk/patients", page(Permission.FIND_PATIENT, patients.find))
    add.add_get(r"/desk/patients/{account_id:\d{1,9}}", page(Permission.FIND_PATIENT, patients.show))
    add.add_get("/desk/house", page(Permission.SEE_STAFF, house.show))
    add.add_post("/desk/house/hours", page(Permission.SET_HOURS, hours.save_week))
    add.add_post("/desk/house/holidays", page(Permission.SET_HOURS, hours.add_holiday))
    add.add_post("/desk/house/holidays/remove", page(Permission.SET_HOURS, hours.remove_holiday))
    add.add_get("/desk/house/settings", page(Permission.SEE_STAFF, house.settings))
    add.add_get("/desk/house/{name}.csv", page(Permission.EXPORT_LISTS, house.export))
    add.add_get("/desk/record", page(Permission.SEE_AUDIT, record.show))
    add.add_get("/desk/record.csv", page(Permission.EXPORT_LISTS, record.export))
    add.add_get("/desk/model", page(Permission.SEE_MODEL, model.show))
    add.add_get("/desk/model/{name}.csv", page(Permission.EXPORT_LISTS, model.export))
    add.add_get("/desk/week", page(Permission.SEE_WEEK, week.show))
    add.add_get("/desk/week/{name}.csv", page(Permission.EXPORT_LISTS, week.export))


async def unknown(request: web.Request) -> web.Response:
    return not_there(DESK, request, texts_for_guest(request, request.app[SERVICES]))
