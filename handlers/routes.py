"""Every router, in the order in which they are asked."""

from aiogram import Router

from handlers import accounts, audit, cards, dispensing, errors, faq, model, reading, release, scans, start


def routes() -> Router:
    """Commands and open forms before the FAQ, which takes whatever words are left."""
    house = Router(name=__name__)
    house.include_routers(
        errors.routes(),
        start.routes(),
        accounts.routes(),
        cards.routes(),
        reading.routes(),
        dispensing.routes(),
        release.routes(),
        model.routes(),
        audit.routes(),
        scans.routes(),
        start.late_routes(),
        faq.routes(),
        errors.late_routes(),
    )
    return house
