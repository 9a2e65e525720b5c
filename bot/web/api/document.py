"""The OpenAPI 3.1 document, made from the table of addresses and the annotations of their handlers."""

import inspect
import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.web.api.endpoint import Endpoint, signature_of
from bot.web.api.problems import CONTENT_TYPE
from bot.web.api.shapes import MAX_ID, Answer, Body, Problem, Query
from bot.web.shared.lists import CsvFile

Json = dict[str, Any]
REFERENCE: Final = "#/components/schemas/{model}"
DESCRIPTION: Final = (
    "The reads and verbs of the desk's pages, for programs: the same permissions, proofs and rows in the record. "
    "Times are in UTC. Refusals are problem details (RFC 9457). See docs/api.md."
)


def document(base: str, endpoints: Sequence[Endpoint]) -> bytes:
    """As JSON. `base`: the path below which the addresses lie."""
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    described = {
        "openapi": "3.1.0",
        "info": {"title": "CSSS desk", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": _schemas(endpoints), "securitySchemes": {"bearer": bearer}},
    }
    return json.dumps(described, ensure_ascii=False).encode()


def _operation(endpoint: Endpoint) -> Json:
    takes = signature_of(endpoint.handler)
    summary, _, more = inspect.cleandoc(endpoint.handler.__doc__ or "").partition("\n\n")
    operation: Json = {
        "operationId": f"{endpoint.handler.__module__.rpartition('.')[2]}_{endpoint.handler.__name__}",
        "summary": summary,
        "tags": [endpoint.path.split("/")[1].removesuffix(".csv")],
        "parameters": [*_in_path(takes.path), *_in_query(takes.query)],
        "responses": {**_answers(takes.answers), **_refusals(endpoint)},
    }
    if more:
        operation["description"] = more
    if takes.body is not None:
        operation["requestBody"] = {"required": True, "content": _content("application/json", takes.body)}
    if endpoint.permission is not None:
        operation["security"] = [{"bearer": []}]
    return operation


def _in_path(kinds: Any) -> Iterable[Json]:  # noqa: ANN401 - the signature's mapping
    for name, kind in kinds.items():
        is_name = issubclass(kind, StrEnum)
        schema = {"type": "string", "enum": list(kind)} if is_name else {"type": "integer"} | _IDS
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(shape: type[Query] | None) -> Iterable[Json]:
    """An absent field is left out of the address: no field of it is null."""
    if shape is None:
        return
    for name, schema in shape.model_json_schema(ref_template=REFERENCE)["properties"].items():
        kinds = [one for one in schema.get("anyOf", [schema]) if one != {"type": "null"}]
        kept = {key: value for key, value in kinds[0].items() if key != "title"}
        yield {"name": name, "in": "query", "required": False, "schema": kept}


def _answers(answers: Iterable[type]) -> Json:
    described: Json = {}
    for kind in answers:
        if kind is CsvFile:
            described["200"] = {"description": "A file for spreadsheets", "content": {"text/csv": {"schema": _TEXT}}}
        elif issubclass(kind, Answer):
            content = _content("application/json", kind)
            described[str(kind.http_status)] = {"description": _first_line(kind), "content": content}
    return described or {"204": {"description": "Done"}}


def _refusals(endpoint: Endpoint) -> Json:
    """The problems that this address may answer, beside those of any address (404, 405, 417, 500)."""
    takes = signature_of(endpoint.handler)
    statuses = {401, 403, 429} if endpoint.permission is None else {401, 403, 404}
    statuses |= {400, 413, 415, 422} if takes.body is not None else set()
    statuses |= {409, 429} if endpoint.method != "GET" else {422}
    problem = _content(CONTENT_TYPE, Problem)
    listed = {str(one): {"description": HTTPStatus(one).phrase, "content": problem} for one in sorted(statuses)}
    return {**listed, "default": {"description": "Another problem", "content": problem}}


def _schemas(endpoints: Sequence[Endpoint]) -> Json:
    shapes: dict[type[BaseModel], bool] = {Problem: True}  # its empty fields are left out
    for endpoint in endpoints:
        takes = signature_of(endpoint.handler)
        asked: list[type[BaseModel]] = [one for one in (takes.body, takes.query) if one is not None]
        shapes |= dict.fromkeys(asked, True)
        shapes |= dict.fromkeys((one for one in takes.answers if issubclass(one, Answer)), False)
    modes = [(shape, "validation" if asked else "serialization") for shape, asked in shapes.items()]
    _, made = models_json_schema(modes, ref_template=REFERENCE)  # type: ignore[arg-type]  # its literal modes
    return {name: schema for name, schema in made["$defs"].items() if name not in _queries(shapes)}


def _queries(shapes: Iterable[type[BaseModel]]) -> set[str]:
    """Their fields stand in the addresses' parameters; what they refer to stays."""
    return {shape.__name__ for shape in shapes if issubclass(shape, Query)}


def _content(kind: str, shape: type[Body] | type[Answer]) -> Json:
    return {kind: {"schema": {"$ref": REFERENCE.format(model=shape.__name__)}}}


def _first_line(shape: type[Answer]) -> str:
    return inspect.cleandoc(shape.__doc__ or "").partition("\n")[0]


_IDS: Final = {"minimum": 1, "maximum": MAX_ID}
_TEXT: Final = {"type": "string"}
