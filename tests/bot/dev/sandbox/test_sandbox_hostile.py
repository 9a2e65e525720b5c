"""The sandbox answers every malformed request of a bot or client and keeps running."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.dev.sandbox import Person
from bot.dev.sandbox.api.html import parse_html
from bot.dev.sandbox.api.links import units
from bot.dev.sandbox.api.methods import METHODS
from bot.dev.sandbox.api.responses import ApiError
from tests.support.rawapi import Api

SLOW = {"getupdates", "setwebhook"}
NAMES = sorted({name for method in METHODS.values() for name in method.parameters} | {"type", "media", "offset"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**19) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(sorted(METHODS.keys() - SLOW)),
    fields=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6),
)
async def test_no_parameters_bring_a_method_down(api: Api, amina: Person, method: str, fields: dict[str, Any]) -> None:
    body = await api.call(method, **{"chat_id": amina.chat_id, "message_id": 1} | fields)
    assert body.get("error_code", 200) in {200, 400, 403}, json.dumps(body)


@pytest.mark.parametrize(
    "value", [0, 1.5, True, "x", [], {}, [[]], [None], [1], {"type": None}, [{"type": "photo"}], [{}]]
)
@pytest.mark.parametrize("name", ["entities", "reply_markup", "reply_parameters", "link_preview_options"])
async def test_every_json_parameter_may_be_nonsense(api: Api, amina: Person, name: str, value: Any) -> None:
    body = await api.call("sendMessage", chat_id=amina.chat_id, text="x", **{name: value})
    assert body.get("error_code", 200) in {200, 400}


@settings(deadline=None)
@given(st.text("<>/ab=\"'& #;x38pre-😀", max_size=40))
def test_any_html_is_either_parsed_with_entities_inside_the_text_or_refused(html: str) -> None:
    try:
        text, entities = parse_html(html)
    except ApiError:
        return
    for entity in entities:
        assert entity["offset"] >= 0
        assert entity["length"] > 0
        assert entity["offset"] + entity["length"] <= units(text)


@pytest.mark.slow
@given(st.text(max_size=60))
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert parse_html(escaped) == (text, [])
