"""The model's card in words: its figures on patients that it had not seen, and where it fails."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from handlers.ui.texts import Html, Texts
from inference.heart.patient_reading import HeartReader
from inference.model.bundle import Bundle
from models.vocabulary import MODEL_CLASSES, Label, Modality

FIGURES: Final = ("accuracy", "macro_recall", "coverage", "accuracy_when_sure")
CHEST: Final[Sequence[Label]] = MODEL_CLASSES[Modality.CHEST_XRAY]


def model_card(bundle: Bundle, texts: Texts) -> Html:
    """Name, version, the beginning of the hash, and the figures of the test with their 95 % intervals."""
    identity, measured = bundle.identity, bundle.manifest["measured"]["test"]
    figures = {name: interval(measured[name], texts) for name in FIGURES}
    return texts("model.card", name=identity.name, version=identity.version, sha256=identity.sha256[:12], **figures)


def heart_card(hearts: HeartReader, texts: Texts) -> Html:
    name, version, sha256 = hearts.identity
    auc = texts.ratio(hearts.measured["albums"]["both phases"]["auc"])
    return texts("model.hearts", name=name, version=version, sha256=sha256[:12], auc=auc)


def interval(figures: Sequence[float], texts: Texts) -> str:
    """A share and its 95 % interval, for example "82% (78%–86%)"."""
    return "{} ({}–{})".format(*map(texts.percent, figures))


def limits(bundle: Bundle, hearts: HeartReader, texts: Texts) -> list[str]:
    """Where the models fail, in sentences, with the figures of their bundles."""
    test: Mapping[str, Any] = bundle.manifest["measured"]["test"]
    said = [texts.plain("model.limit_test", pictures=test["pictures"], patients=test["patients"])]
    recalls = {Label(name): figures[0] for name, figures in test.get("recall_by_class", {}).items()}
    if recalls:
        worst = min(recalls, key=lambda label: recalls[label])
        values = {"label": texts.plain(f"label.{worst}"), "recall": texts.percent(recalls[worst])}
        said.append(texts.plain("model.limit_weakest", **values))
    never = [texts.plain(f"label.{label}") for label in CHEST if bundle.sure_from(label) > 1]
    if never:
        said.append(texts.plain("model.limit_never_sure", labels=", ".join(never)))
    own, other = hearts.measured["albums"]["both phases"], hearts.measured["sunnybrook"]["both phases"]
    values = {"normal": own["normal"], "patients": own["patients"]}
    aucs = {"own": texts.ratio(own["auc"]), "other": texts.ratio(other["auc"])}
    return [*said, texts.plain("model.limit_hearts", **values, **aucs)]
