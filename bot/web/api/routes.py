"""The API's addresses, with the permission of each. They exist only where the web app has a public address."""

from typing import Final

from aiohttp import web

from bot.services import Services
from bot.web.api import house, model, patients, record, scan, session, week, worklist
from bot.web.api.document import document
from bot.web.api.endpoint import Endpoint, address, endpoint_handler
from bot.web.api.problems import answer_problems, refuse_expectation
from bot.web.shared.changes import CHANGES
from bot.web.shared.sign_in import ATTEMPTS
from bot.web.verify import PROXIES, SECURITY_HEADERS, SERVICES
from workflow.permissions import Permission

VERSION: Final = "/v1"
ENDPOINTS: Final = (
    Endpoint("POST", "/session", session.sign_in_with_password, None),
    Endpoint("POST", "/session/code", session.sign_in_with_code, None),
    Endpoint("GET", "/session", session.show, Permission.SEE_SESSIONS),
    Endpoint("DELETE", "/session", session.sign_out, Permission.SIGN_OUT),
    Endpoint("GET", "/session/places", session.places, Permission.SEE_SESSIONS),
    Endpoint("POST", "/session/token", session.refresh, Permission.SEE_SESSIONS),
    Endpoint("POST", "/session/unlock", session.unlock, Permission.UNLOCK),
    Endpoint("POST", "/session/role", session.switch_role, Permission.SWITCH_ROLE),
    Endpoint("POST", "/session/proof", session.ask_proof, Permission.PROVE),
    Endpoint("POST", "/session/proof/code", session.prove, Permission.PROVE),
    Endpoint("GET", "/worklist", worklist.show, Permission.SEE_QUEUE),
    Endpoint("GET", "/worklist/changes", worklist.newest_change, Permission.SEE_QUEUE, by_itself=True),
    Endpoint("GET", "/scans/{scan_id}", scan.show, Permission.SEE_HISTORY),
    Endpoint("POST", "/scans/{scan_id}/claim", worklist.claim, Permission.CLAIM),
    Endpoint("POST", "/deliveries", scan.resend, Permission.RESEND),
    Endpoint("POST", "/patients/search", patients.search, Permission.FIND_PATIENT),
    Endpoint("GET", "/patients/{account_id}", patients.show, Permission.FIND_PATIENT),
    Endpoint("GET", "/house", house.show, Permission.SEE_STAFF),
    Endpoint("PUT", "/house/hours", house.save_week, Permission.SET_HOURS),
    Endpoint("POST", "/house/holidays", house.add_holiday, Permission.SET_HOURS),
    Endpoint("DELETE", "/house/holidays/{number}", house.remove_holiday, Permission.SET_HOURS),
    Endpoint("GET", "/house/settings", house.settings, Permission.SEE_STAFF),
    Endpoint("GET", "/house/{name}.csv", house.export, Permission.EXPORT_LISTS),
    Endpoint("GET", "/record", record.show, Permission.SEE_AUDIT),
    Endpoint("GET", "/record.csv", record.export, Permission.EXPORT_LISTS),
    Endpoint("GET", "/week", week.show, Permission.SEE_WEEK),
    Endpoint("GET", "/week/{name}.csv", week.export, Permission.EXPORT_LISTS),
    Endpoint("GET", "/model", model.show, Permission.SEE_MODEL),
    Endpoint("GET", "/model/{name}.csv", model.export, Permission.EXPORT_LISTS),
)
DOCUMENT: Final = web.AppKey("OpenAPI document", bytes)


def add_api_routes(app: web.Application, services: Services) -> None:
    """Needs `add_desk_routes` before, with which the API shares its limits."""
    if services.base_url is None:
        return
    api = web.Application(middlewares=[answer_problems])
    api[SERVICES], api[PROXIES], api[ATTEMPTS], api[CHANGES] = services, app[PROXIES], app[ATTEMPTS], app[CHANGES]
    api[DOCUMENT] = document(f"/api{VERSION}", ENDPOINTS)
    api.router.add_route("GET", f"{VERSION}/openapi.json", show_document, expect_handler=refuse_expectation)
    for endpoint in ENDPOINTS:
        path, handler = f"{VERSION}{address(endpoint)}", endpoint_handler(endpoint)
        api.router.add_route(endpoint.method, path, handler, expect_handler=refuse_expectation)
    app.add_subapp("/api", api)


async def show_document(request: web.Request) -> web.Response:
    """The OpenAPI document; it holds nothing of the hospital."""
    return web.Response(body=request.app[DOCUMENT], content_type="application/json", headers=SECURITY_HEADERS)
