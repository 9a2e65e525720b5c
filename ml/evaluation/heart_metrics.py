"""How well hearts are told apart: five-fold over patients, by kind of album, with bootstrap intervals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.heart.deviation import Deviation
from ml.data.heart_albums import Album, Kind

FOLDS: Final = 5
REPEATS: Final = 4  # other folds; probabilities are averaged
DRAWS: Final = 2000
INTERVAL: Final = (2.5, 97.5)
Fit = Callable[[Sequence[Album]], Deviation]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def predict_out_of_fold(albums: Sequence[Album], fit: Fit, seed: int) -> Floats:
    """Probability of Sick of each album by models that have not seen its patient, each disease shared out evenly."""
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415  only training needs it

    groups = {album.patient: album.group for album in albums}
    patients = np.array(sorted(groups))
    total = np.zeros(len(albums))
    for repeat in range(REPEATS):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed + repeat)
        for _, held in folds.split(patients, [groups[patient] for patient in patients]):
            unseen = np.isin([album.patient for album in albums], patients[held])
            model = fit([album for album, out in zip(albums, unseen, strict=True) if not out])
            total[unseen] += [model.predict(album.features) for album, out in zip(albums, unseen, strict=True) if out]
    return total / REPEATS


def describe_kinds(albums: Sequence[Album], probabilities: Floats, model: Deviation, seed: int) -> dict[str, Any]:
    """Figures of each kind of album that is there."""
    described = {}
    for kind in Kind:
        own = np.array([album.kind is kind for album in albums])
        if own.any():
            chosen = [album for album in albums if album.kind is kind]
            described[kind.value] = describe(chosen, probabilities[own], model, seed)
    return described


def describe(albums: Sequence[Album], probabilities: Floats, model: Deviation, seed: int) -> dict[str, Any]:
    """AUC and balanced accuracy with intervals over patients, and the sure answers with how many of them are right.

    Several albums of a patient are averaged for the first two."""
    sick, by_patient = average(albums, probabilities)
    high, low = probabilities >= model.sure_sick, probabilities <= model.sure_normal
    truth = np.array([album.sick for album in albums])
    return {
        "patients": len(sick),
        "normal": int((~sick).sum()),
        "auc": measure_auc(sick, by_patient),
        "auc interval": bootstrap(measure_auc, sick, by_patient, seed),
        "balanced accuracy": measure_balanced(sick, by_patient),
        "balanced accuracy interval": bootstrap(measure_balanced, sick, by_patient, seed),
        "sure": float((high | low).mean()),
        "right where sure": share(np.where(high, truth, ~truth)[high | low]),
        "sure sick": int(high.sum()),
        "of them right": share(truth[high]),
        "sure normal": int(low.sum()),
        "of those right": share(~truth[low]),
    }


def average(albums: Sequence[Album], probabilities: Floats) -> tuple[Flags, Floats]:
    """For each patient, whether they are sick, and the mean probability."""
    own: dict[str, list[float]] = {}
    truth: Mapping[str, bool] = {album.patient: album.sick for album in albums}
    for album, probability in zip(albums, probabilities, strict=True):
        own.setdefault(album.patient, []).append(float(probability))
    return np.array([truth[patient] for patient in own]), np.array([np.mean(one) for one in own.values()])


def measure_auc(sick: Flags, probabilities: Floats) -> float:
    """Share of pairs of a sick and a normal patient in which the sick one has the higher probability."""
    gaps = probabilities[sick][:, np.newaxis] - probabilities[~sick]
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean())


def measure_balanced(sick: Flags, probabilities: Floats) -> float:
    """Mean of the shares of sick and of normal patients that are told right at one half."""
    return float(((probabilities[sick] >= 0.5).mean() + (probabilities[~sick] < 0.5).mean()) / 2)


def bootstrap(
    figure: Callable[[Flags, Floats], float], sick: Flags, probabilities: Floats, seed: int
) -> tuple[float, float]:
    """The interval that holds 95 of 100 figures of patients drawn anew, sick and normal apart."""
    rng, groups = np.random.default_rng(seed), [np.flatnonzero(sick == one) for one in (True, False)]
    figures = []
    for _ in range(DRAWS):
        drawn = np.concatenate([rng.choice(group, len(group)) for group in groups])
        figures.append(figure(sick[drawn], probabilities[drawn]))
    low, high = np.percentile(figures, INTERVAL)
    return float(low), float(high)


def share(flags: Flags) -> float | None:
    """None where there is nothing to share."""
    return float(flags.mean()) if len(flags) else None
