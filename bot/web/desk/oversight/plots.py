"""Plots of the model by week, and the tables below them, which say the same in words."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from bot.web.shared.model import ModelList
from handlers.ui.texts import Texts
from workflow.model_watch.weeks import ModelWeek, Usual

LEFT, TOP, BOTTOM = 52, 16, 180  # of the area, in the plot's units
FIRST, STEP = 24, 51  # from the left edge to the first week, and from week to week
EMPTY: Final = "–"


class Point(NamedTuple):
    """`shown`: what it stands for, in words. `is_outside`: beyond the usual range."""

    x: int
    y: int
    shown: str
    is_outside: bool = False


class Line(NamedTuple):
    """Points that weeks without a value part into runs, each as the attribute `points` of a polyline."""

    points: Sequence[Point]
    runs: Sequence[str]


class Plot(NamedTuple):
    """`marks`: height and words on the left; `weeks`: place and words below; `ranges`: place, top and height."""

    name: ModelList
    marks: Sequence[tuple[int, str]]
    weeks: Sequence[tuple[int, str]]
    ranges: Sequence[tuple[int, int, int]]
    own: Line
    trial: Line
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


class Value(NamedTuple):
    """A week's value, and of how many; `usual`: the range of the weeks before."""

    value: float | None
    number: int
    usual: Usual | None = None

    @property
    def is_outside(self) -> bool:
        return self.value is not None and self.usual is not None and not self.usual.low <= self.value <= self.usual.high


class Scale(NamedTuple):
    """`most`: the value at the top; `shown`: how a value is written; `days`: the names of the weeks."""

    most: float
    shown: Callable[[float], str]
    days: Sequence[str]
    texts: Texts


def plots(weeks: Sequence[ModelWeek], texts: Texts) -> Sequence[Plot]:
    """The three plots of a model, each with its table, newest week first."""
    days = [texts.short_day(one.begins) for one in weeks]
    agreed = [_value(one.opinions.agreed, one.opinions.given, one.usual_agreement) for one in weeks]
    same = [_value(one.trial.same, one.trial.read) for one in weeks]
    sure = [_value(one.found.sure, one.found.analysed) for one in weeks]
    trial_sure = [_value(one.trial.sure, one.trial.read) for one in weeks]
    far = [_value(one.found.distances, one.found.measured, one.usual_distance) for one in weeks]
    tops = [max(one.value, one.usual.high if one.usual else 0) for one in far if one.value is not None]
    shares = Scale(1, texts.percent, days, texts)
    distances = Scale(max(tops, default=0) * 1.1 or 1, texts.ratio, days, texts)
    return (
        _plot(ModelList.AGREEMENT, agreed, same, shares),
        _plot(ModelList.COVERAGE, sure, trial_sure, shares),
        _plot(ModelList.DRIFT, far, (), distances),
    )


def _value(some: float, count: int, usual: Usual | None = None) -> Value:
    return Value(some / count if count else None, count, usual)


def _plot(name: ModelList, own: Sequence[Value], trial: Sequence[Value], scale: Scale) -> Plot:
    trial = trial if any(one.number for one in trial) else ()
    has_ranges = name is not ModelList.COVERAGE
    heads = ["model_week", f"model_count_{name}", f"model_value_{name}"]
    heads += ["model_usual"] * has_ranges + [f"model_trial_{name}"] * bool(trial)
    rows = []
    for week, value in enumerate(own):
        cells = [scale.days[week], str(value.number), _marked(value, scale)]
        cells += [_range(value.usual, scale)] * has_ranges + [_counted(one, scale) for one in trial[week : week + 1]]
        rows.append(cells)
    return Plot(
        name,
        [(_height(part, 1), scale.shown(scale.most * part)) for part in (0, 0.5, 1)],
        [(_place(week), day) for week, day in enumerate(scale.days) if week % 2],
        [_drawn_range(week, one.usual, scale.most) for week, one in enumerate(own) if one.usual],
        _line(own, scale),
        _line(trial, scale),
        [scale.texts.plain(f"web.{one}") for one in heads],
        rows[::-1],
    )


def _line(values: Sequence[Value], scale: Scale) -> Line:
    points = [_point(week, one, scale) for week, one in enumerate(values)]
    runs = [" ".join(f"{one.x},{one.y}" for one in run if one) for there, run in groupby(points, bool) if there]
    return Line([one for one in points if one], runs)


def _point(week: int, one: Value, scale: Scale) -> Point | None:
    if one.value is None:
        return None
    words = {"week": scale.days[week], "value": scale.shown(one.value), "count": one.number}
    shown = scale.texts.plain("web.model_point", **words)
    return Point(_place(week), _height(one.value, scale.most), shown, one.is_outside)


def _drawn_range(week: int, usual: Usual, most: float) -> tuple[int, int, int]:
    top = _height(min(usual.high, most), most)
    return _place(week), top, _height(usual.low, most) - top


def _place(week: int) -> int:
    return LEFT + FIRST + STEP * week


def _height(value: float, most: float) -> int:
    return round(BOTTOM - value / most * (BOTTOM - TOP))


def _marked(value: Value, scale: Scale) -> str:
    """The value, and in words that it is outside: colour alone says it to nobody who cannot see it."""
    if value.value is None:
        return EMPTY
    outside = f" · {scale.texts.plain('web.model_outside')}" if value.is_outside else ""
    return f"{scale.shown(value.value)}{outside}"


def _counted(value: Value, scale: Scale) -> str:
    return EMPTY if value.value is None else f"{scale.shown(value.value)} ({value.number})"


def _range(usual: Usual | None, scale: Scale) -> str:
    return f"{scale.shown(usual.low)} – {scale.shown(usual.high)}" if usual else EMPTY
