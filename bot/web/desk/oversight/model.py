"""The model's card, with plots by week drawn here, for all staff; its lists as CSV for administrators."""

from aiohttp import web
from markupsafe import Markup

from bot.services import Services
from bot.web.areas.guard import Visitor
from bot.web.desk.oversight.plots import plots
from bot.web.desk.rendering import csv_file, render
from bot.web.shared import model
from bot.web.shared.model import ModelList
from handlers.ui.texts import Texts
from handlers.views.model import CHEST, heart_card, interval, limits, model_card
from inference.model.bundle import Bundle
from workflow.errors import NotFound
from workflow.permissions import GRANTS, Permission


async def show(request: web.Request, services: Services, visitor: Visitor) -> web.Response:
    """Figures and limits are those of the bundles in use."""
    texts, bundle, record = visitor.texts, services.classifier.bundle, await model.read(services)
    by_week = [
        (identity, plots(weeks, texts) if any(one.found.analysed or one.opinions.given for one in weeks) else ())
        for identity, weeks in (await model.read_weeks(services)).items()
    ]
    return render(
        request,
        "model.html",
        texts,
        visitor=visitor,
        record=record,
        identities=(bundle.identity, services.hearts.identity),
        card=Markup(model_card(bundle, texts)),  # noqa: S704 - escaped by `Texts`
        chest_record=texts.plain("model.record", **record.chest._asdict()),
        heart_card=Markup(heart_card(services.hearts, texts)),  # noqa: S704
        hearts_record=texts.plain("model.record", **record.hearts._asdict()),
        created=bundle.manifest.get("created", ""),
        classes=_classes(bundle, texts),
        thresholds=bundle.thresholds,
        limits=limits(bundle, services.hearts, texts),
        by_week=by_week,
        may_export=visitor.actor.role in GRANTS[Permission.EXPORT_LISTS],
    )


async def export(request: web.Request, services: Services, _: Visitor) -> web.Response:
    """A list by week as CSV. Raises NotFound for any other name."""
    try:
        name = ModelList(request.match_info["name"])
    except ValueError:
        raise NotFound from None
    return csv_file(await model.model_file(services, name))


def _classes(bundle: Bundle, texts: Texts) -> list[tuple[str, str, str, str]]:
    """Name, share found in the test, and the confidence from which it is sure, of a sound and of a damaged film."""
    found = bundle.manifest["measured"]["test"].get("recall_by_class", {})
    rows = []
    for label in CHEST:
        recall = interval(found[label], texts) if label in found else ""
        sound, damaged = (_sure_from(bundle.sure_from(label, damaged), texts) for damaged in (False, True))
        rows.append((texts.plain(f"label.{label}"), recall, sound, damaged))
    return rows


def _sure_from(confidence: float, texts: Texts) -> str:
    return texts.percent(confidence) if confidence <= 1 else texts.plain("web.model_never")
