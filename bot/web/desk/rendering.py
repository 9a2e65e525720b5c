"""The desk's pages: which there are, for whom, and how they look."""

from typing import Final

from aiohttp import web

from bot.web.areas.cookies import SESSION_COOKIE
from bot.web.areas.rendering import Area, page_headers
from bot.web.shared.lists import CsvFile
from workflow.actors import Actor
from workflow.audit.spreadsheet import csv_text
from workflow.permissions import GRANTS, STAFF, Permission

HEADERS: Final = page_headers()
PAGES: Final = (
    ("/desk/worklist", "worklist", Permission.SEE_QUEUE),
    ("/desk/patients", "patients", Permission.FIND_PATIENT),
    ("/desk/house", "house", Permission.SEE_STAFF),
    ("/desk/week", "week", Permission.SEE_WEEK),
    ("/desk/record", "record", Permission.SEE_AUDIT),
    ("/desk/model", "model", Permission.SEE_MODEL),
    ("/desk/account", "my_account", Permission.SEE_SESSIONS),
)
SCRIPTS: Final = ("worklist.js", "install.js", "notices.js")


def pages_of(actor: Actor) -> list[tuple[str, str]]:
    """Address and name of each page that this person may see."""
    return [(address, name) for address, name, operation in PAGES if actor.role in GRANTS[operation]]


DESK: Final = Area(
    path="/desk",
    folder="desk",
    title="web.desk",
    home="/desk/worklist",
    style="desk.css",
    roles=frozenset(STAFF),
    cookies=(SESSION_COOKIE,),
    themes=("dark", "light"),
    assets={"desk.css": "text/css", "icon.svg": "image/svg+xml", **dict.fromkeys(SCRIPTS, "text/javascript")},
    shared={
        "pages_of": pages_of,
        "staff_roles": lambda actor: [role for role in actor.roles if role in STAFF and role is not actor.role],
    },
    headers=lambda _: HEADERS,
)
render = DESK.render


def csv_file(file: CsvFile) -> web.Response:
    """A list as a file that spreadsheets open, never stored by the way."""
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{file.name}.csv"'}
    return web.Response(text=csv_text(file.head, file.rows), content_type="text/csv", charset="utf-8", headers=headers)
