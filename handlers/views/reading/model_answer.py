"""The model's answer on a card: label, doubts, probabilities and, for hearts, measures."""

from typing import Final

from handlers.ui.texts import Html, Texts
from models.tables.scans import AiFinding
from workflow.scans.risk import risk_of

BAR_LENGTH: Final = 8
DECISIVE: Final = (  # of several doubts, the one that a short line names
    "child", "no_heart_outline", "implausible_heart", "one_slice", "one_phase", "few_slices",
    "film_unclear", "poor_image", "far_from_training", "networks_disagree", "unstable", "near_classes",
    "low_confidence",
)  # fmt: skip


def model_line(finding: AiFinding, texts: Texts) -> Html:
    """The model's answer in one line: label and confidence, or "Uncertain" with the reason that decides."""
    if finding.label is None:
        return texts("card.model_off")
    if not finding.uncertain:
        return texts(
            "card.model_sure", label=label_text(finding.label, texts), percent=texts.percent(finding.confidence)
        )
    doubts = [*(one for one in DECISIVE if one in finding.doubts), *finding.doubts]
    return texts("card.model_unsure", reason=texts(f"doubt.{doubts[0] if doubts else 'low_confidence'}"))


def model_block(finding: AiFinding, texts: Texts, every: bool) -> Html:
    """The model's answer; without `every`, only its two likeliest classes and no picture adjustments."""
    percent = texts.percent(finding.confidence)
    key = "card.silent" if finding.label is None else "card.uncertain" if finding.uncertain else "card.ai"
    nearest = label_text(finding.label, texts) if finding.label else ""
    lines = [texts(key, label=nearest, percent=percent, risk=texts(f"risk.{risk_of(finding)}"))]
    lines += [texts(f"doubt.{doubt}") for doubt in finding.doubts]
    if finding.slices > 1:
        lines.append(texts("card.pooled", slices=finding.slices))
    known = {name: share for name, share in finding.probabilities.items() if share or not finding.heart}
    shares = sorted(known.items(), key=lambda item: -item[1])
    for name, share in shares if every else shares[:2]:
        lines.append(texts("card.bar", bar=_bar(share), percent=texts.percent(share), label=label_text(name, texts)))
    lines += measure_lines(finding, texts, every)
    lines += [texts(f"adjustment.{adjustment}") for adjustment in finding.adjustments if every]
    return Html("\n".join([*lines, texts("card.model", model=finding.model, version=finding.model_version)]))


def measure_lines(finding: AiFinding, texts: Texts, every: bool) -> list[Html]:
    """A heart's measures beside the usual values; without `every`, only those outside them."""
    if not finding.heart or not finding.heart["measures"]:
        return []
    lines = [texts("card.measures", slices=finding.heart["slices"])]
    for one in (one for one in finding.heart["measures"] if one["usual"]):
        low, _, high = one["usual"]
        usual = low <= one["value"] <= high
        name = texts(f"measure.{one['measure']}")
        if one["phase"] in {"rest", "squeeze"}:
            name = texts(f"phase.{one['phase']}", measure=name)
        if every or not usual:
            key = "card.measure" if usual else "card.measure_unusual"
            values = {"value": one["value"], "low": low, "high": high}
            lines.append(texts(key, measure=name, **{name: texts.ratio(value) for name, value in values.items()}))
    return lines


def label_text(name: str, texts: Texts) -> Html:
    return texts(f"label.{name}")


def _bar(share: float) -> str:
    full = round(share * BAR_LENGTH)
    return "▰" * full + "▱" * (BAR_LENGTH - full)


def short_answer(finding: AiFinding, texts: Texts) -> Html:
    """The model's label, or that it is uncertain."""
    return texts("card.uncertain_short") if finding.uncertain or not finding.label else label_text(finding.label, texts)
