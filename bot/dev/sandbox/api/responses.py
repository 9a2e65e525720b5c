"""Telegram's refusals: an error code, its sentence and, for a flood, how long to wait."""

from typing import Any

Json = dict[str, Any]
"""A JSON object as it travels: the Bot API's own shapes, never ours."""

Unchecked = Any
"""A JSON value that may still be anything."""


class ApiError(Exception):
    """A refusal that the bot receives as `{"ok": false, ...}` with HTTP status `code`."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def body(self) -> Json:
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def bad_request(sentence: str) -> ApiError:
    """Telegram lowers a sentence's first letter but leaves codes such as BUTTON_DATA_INVALID alone."""
    if not sentence[1:2].isupper():
        sentence = sentence[:1].lower() + sentence[1:]
    return ApiError(400, f"Bad Request: {sentence}")


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized")


def blocked() -> ApiError:
    return ApiError(403, "Forbidden: bot was blocked by the user")


def no_such_method() -> ApiError:
    return ApiError(404, "Not Found: method not found")


def conflict(sentence: str) -> ApiError:
    return ApiError(409, f"Conflict: {sentence}")


def too_large() -> ApiError:
    return ApiError(413, "Request Entity Too Large")


def flood(seconds: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
