"""Write the bundle's figures into the model card, between two marker comments."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

CARD: Final = Path(__file__).parents[1] / "MODEL_CARD.md"
START: Final = "<!-- figures of the bundle: written by csss evaluate -->"
END: Final = "<!-- end of the figures -->"
HEADLINES: Final[Mapping[str, str]] = {
    "accuracy": "Accuracy, six classes",
    "macro_recall": "Macro recall",
    "calibration_error": "Expected calibration error (15 bins)",
    "coverage": "Coverage at the shipped thresholds",
    "accuracy_when_sure": "Accuracy of the answers given",
}
GROUPS: Final[Mapping[str, str]] = {
    "recall_by_class": "Recall by class",
    "accuracy_by_modality": "Accuracy by kind of scan",
    "accuracy_by_source": "Accuracy by source",
    "accuracy_by_class_and_source": "Recall by class and source",
}


def write_card(manifest: Mapping[str, Any], path: Path = CARD) -> None:
    """Replace the text between the markers."""
    before, _, rest = path.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    lines = "\n".join(describe(manifest))
    path.write_text(f"{before}{START}\n\n{lines}\n\n{END}{after}", encoding="utf-8")


def describe(manifest: Mapping[str, Any]) -> Iterator[str]:
    """The tables, as Markdown."""
    test = manifest["measured"]["test"]
    yield f"`{manifest['name']}` {manifest['version']}, {manifest['created']}; {test['pictures']} pictures of"
    yield f"{test['patients']} patients whom training never saw. Value and 95 % bootstrap interval, drawn by patient.\n"
    yield from table("Test split", {title: test[name] for name, title in HEADLINES.items()})
    for name, title in GROUPS.items():
        yield from table(title, test[name])
    yield from describe_hearts(test["cardiac_by_patient"])
    yield from describe_gate(test["gate"])


def table(title: str, figures: Mapping[str, Any]) -> Iterator[str]:
    """Value and interval, a row each."""
    yield f"| {title} | value | 95 % interval |\n|---|---|---|"
    for name, (value, low, high) in figures.items():
        yield f"| {name} | {value:.3f} | {low:.3f} – {high:.3f} |"
    yield ""


def describe_hearts(hearts: Mapping[str, Any]) -> Iterator[str]:
    """The figures by cardiac patient."""
    value, low, high = hearts["balanced_accuracy"]
    yield f"Cardiac patients, slices pooled: balanced accuracy {value:.3f} ({low:.3f} – {high:.3f}),"
    yield f"AUC {hearts['auc']:.3f}, over {hearts['patients']} patients of whom {hearts['normal_patients']} are normal:"
    yield "far too few to conclude from.\n"


def describe_gate(gate: Mapping[str, Any]) -> Iterator[str]:
    """The figures of the intake gate."""
    yield f"Intake gate, as served: {gate['scans_refused']:.1%} of {gate['scans']} good scans sent back,"
    yield f"{gate['strangers_refused']:.1%} of {gate['strangers']} pictures that are no scan.\n"
    yield "| no scan, by kind | refused | of |\n|---|---|---|"
    for kind, (refused, count) in gate["strangers_refused_by_kind"].items():
        yield f"| {kind} | {refused} | {count} |"
    conditions = gate["conditions"]
    outcomes = list(next(iter(conditions.values())))
    yield f"\n| held-out film, spoilt on purpose | {' | '.join(outcomes)} |\n|---|{'---|' * len(outcomes)}"
    for name, shares in conditions.items():
        yield f"| {name} | {' | '.join(f'{share:.1%}' for share in shares.values())} |"
