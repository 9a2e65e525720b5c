"""Folds, albums, thresholds and figures of the heart's reading, by hand."""

from itertools import pairwise

import numpy as np
import pytest

from inference.heart.measures import measure
from ml.data.heart_albums import Album, Kind, draw_albums
from ml.data.heart_slices import Slice, deal_folds, draw_batch
from ml.evaluation.heart_metrics import measure_auc, measure_balanced
from ml.evaluation.heart_outlines import Outlined, measure_overlap
from ml.training.heart.config import read_heart_config
from ml.training.heart.reading import NEVER, choose_limits
from tests.support.hearts import draw_chest, draw_mask, outline_of


def make_slice(patient: str, group: str, frame: str = "01", place: int = 1) -> Slice:
    cavity = 40 if frame == "01" else 22
    grey = draw_chest(place, cavity)
    mask = outline_of(draw_mask(cavity)).over(grey.shape)
    return Slice(f"{patient}-{frame}-{place}", patient, group, frame, place, grey, mask)


def make_outlined(patient: str, group: str, levels: int = 4) -> list[Outlined]:
    found = []
    for place in range(levels):
        for frame, cavity in (("01", 40), ("02", 22)):
            outline = outline_of(draw_mask(cavity))
            found.append(Outlined(make_slice(patient, group, frame, place), outline, measure(outline)))
    return found


def test_no_patient_is_in_two_folds_and_each_disease_is_shared_out() -> None:
    """Purpose: an out-of-fold outline comes from a network that never saw the patient."""
    slices = [make_slice(f"{group}{n}", group, place=1) for group in ("NOR", "DCM") for n in range(6)]
    folds = deal_folds(slices, 3, seed=1)
    assert folds == deal_folds(slices[::-1], 3, seed=1)
    for group in ("NOR", "DCM"):
        own = sorted(fold for patient, fold in folds.items() if patient.startswith(group))
        assert own == [0, 0, 1, 1, 2, 2]


def test_views_are_in_range_and_their_masks_turn_with_them() -> None:
    rng = np.random.default_rng(3)
    views, masks = draw_batch([make_slice("a", "NOR")], [draw_chest(9)], 24, 96, rng)
    assert views.shape == (24, 96, 96, 1)
    assert masks.shape == (24, 96, 96)
    assert views.min() >= -1
    assert views.max() <= 1
    assert set(np.unique(masks)) <= {0, 1, 2, 3}
    assert 0 < (masks.reshape(24, -1).max(axis=1) == 0).sum() < 12  # some show what is no heart


def test_dice_of_the_drawn_outline_itself_is_nearly_one() -> None:
    figures = measure_overlap(make_outlined("a", "NOR"))
    assert all(figures[tissue]["mean"] > 0.97 for tissue in ("right_ventricle", "muscle", "left_ventricle"))
    nothing = [Outlined(one.slice, None, None) for one in make_outlined("a", "NOR")]
    assert measure_overlap(nothing)["muscle"]["mean"] == 0.0


def test_albums_hold_both_phases_or_one_and_never_mix_patients() -> None:
    albums = draw_albums([*make_outlined("a", "NOR"), *make_outlined("b", "DCM")], 5, 10, 3, seed=1)
    counts = {(album.patient, album.kind) for album in albums}
    assert counts == {(patient, kind) for patient in "ab" for kind in Kind}
    assert all("cavity_squeeze_to_rest" in album.features for album in albums if album.kind is Kind.BOTH)
    assert all("cavity_squeeze_to_rest" not in album.features for album in albums if album.kind is Kind.REST)
    assert {album.sick for album in albums if album.patient == "a"} == {False}


def test_auc_and_balanced_accuracy_by_hand() -> None:
    sick, told = np.array([True, True, True, False, False]), np.array([0.9, 0.6, 0.2, 0.5, 0.2])
    assert measure_auc(sick, told) == pytest.approx((2 + 2 + 0.5) / 6)
    assert measure_balanced(sick, told) == pytest.approx((2 / 3 + 1 / 2) / 2)


def make_albums(groups: str) -> list[Album]:
    names = {"s": "DCM", "n": "NOR"}
    return [Album(str(place), names[one], Kind.BOTH, {}) for place, one in enumerate(groups)]


def test_sure_begins_where_all_that_follows_is_right_often_enough() -> None:
    """Purpose: one wrong answer at 0.9 pushes the limit beyond it; on the other side all are right from the start."""
    albums = make_albums("ssssnnnn")
    told = np.array([0.95, 0.97, 0.8, 0.99, 0.9, 0.1, 0.05, 0.2])
    low, high = choose_limits(albums, told, right=0.96, proof=1)
    assert 0.9 < high <= 0.95
    assert low == pytest.approx(0.25)


def test_where_nothing_is_right_often_enough_nothing_is_ever_sure() -> None:
    low, high = choose_limits(make_albums("snsn"), np.array([0.1, 0.999, 0.1, 0.999]), 0.96, proof=1)
    assert high == NEVER > 1
    assert low < 0


def test_a_handful_of_right_answers_is_no_proof() -> None:
    """Purpose: thirty sick patients told right make Sick sure; six normal ones do not make Normal so."""
    albums, told = make_albums("s" * 30 + "n" * 6), np.array([0.97] * 30 + [0.02] * 6)
    low, high = choose_limits(albums, told, right=0.96, proof=30)
    assert high == pytest.approx(0.75)
    assert low < 0


def test_the_configuration_is_read_whole() -> None:
    config = read_heart_config()
    assert config.network.size % 2 ** len(config.network.widths) == 0
    assert config.network.coarse % 2 ** len(config.network.widths) == 0
    assert all(one < other for one, other in pairwise(config.network.widths))
