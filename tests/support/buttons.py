"""Data of buttons, made by hand."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData


def packed(kind: type[CallbackData], odd: str = "", value: str = "") -> str:
    """Data of a button whose field `odd` has this value, and whose others are plain."""
    values = [kind.__prefix__]
    for name, field in kind.model_fields.items():
        of = field.annotation
        plain = next(iter(of)).value if isinstance(of, type) and issubclass(of, StrEnum) else "1"
        values.append(value if name == odd else plain)
    return kind.__separator__.join(values)
