"""Losses compute on every backend what torch's do."""

from __future__ import annotations

import numpy as np
import pytest

from polynet import nn
from polynet.backend import Backend
from tests.compare import assert_close
from tests.nn.layer_case import Case, case, check, distribution, even, fixed, normal, whole

SCORES, LABELS = normal(6, 5), whole(5, 6)
MAPS, MAP_LABELS = normal(2, 5, 3, 4), whole(5, 2, 3, 4)
WITH_IGNORED = fixed([0, -100, 4, 2, -100, 1])
CLASS_WEIGHTS = np.array([0.5, 2.0, 1.0, 0.1, 3.0], np.float32)
REDUCTIONS = ("mean", "sum", "none")
KL_REDUCTIONS = ("batchmean", "sum", "none")


def log_distribution(generator: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.log(distribution(6, 5)(generator))


CASES = [
    *(case("CrossEntropyLoss", reduction=how, inputs=(SCORES, LABELS)) for how in REDUCTIONS),
    *(case("CrossEntropyLoss", reduction=how, inputs=(SCORES, WITH_IGNORED)) for how in REDUCTIONS),
    *(
        case("CrossEntropyLoss", label_smoothing=0.1, weight=CLASS_WEIGHTS, reduction=how, inputs=(SCORES, labels))
        for how in REDUCTIONS
        for labels in (LABELS, WITH_IGNORED, distribution(6, 5))
    ),
    case("CrossEntropyLoss", label_smoothing=0.2, inputs=(SCORES, LABELS)),
    case("CrossEntropyLoss", label_smoothing=0.2, inputs=(SCORES, distribution(6, 5))),
    case("CrossEntropyLoss", ignore_index=3, inputs=(SCORES, LABELS)),
    case("CrossEntropyLoss", inputs=(MAPS, MAP_LABELS)),
    case("CrossEntropyLoss", weight=CLASS_WEIGHTS, label_smoothing=0.1, inputs=(MAPS, MAP_LABELS)),
    case("CrossEntropyLoss", inputs=(MAPS, distribution(2, 5, 3, 4))),
    *(case("BCEWithLogitsLoss", reduction=how, inputs=(SCORES, even(6, 5))) for how in REDUCTIONS),
    case("BCEWithLogitsLoss", pos_weight=CLASS_WEIGHTS, inputs=(SCORES, even(6, 5))),
    case("BCEWithLogitsLoss", weight=CLASS_WEIGHTS, pos_weight=CLASS_WEIGHTS, inputs=(SCORES, even(6, 5))),
    case("BCEWithLogitsLoss", inputs=(fixed([[-200.0, 200.0, 0.0]]), fixed([[1.0, 1.0, 0.5]]))),
    *(case("MSELoss", reduction=how, inputs=(SCORES, normal(6, 5))) for how in REDUCTIONS),
    *(case("L1Loss", reduction=how, inputs=(SCORES, normal(6, 5))) for how in REDUCTIONS),
    case("L1Loss", inputs=(fixed([[1.0, 2.0]]), fixed([[1.0, 3.0]]))),
    *(
        case("SmoothL1Loss", reduction=how, beta=beta, inputs=(SCORES, normal(6, 5)))
        for how in REDUCTIONS
        for beta in (1.0, 0.3)
    ),
    case("SmoothL1Loss", beta=0.0, inputs=(SCORES, normal(6, 5))),
    case("SmoothL1Loss", inputs=(fixed([[1.0, 2.0, 3.0]]), fixed([[1.0, 3.0, 1.0]]))),
    *(case("KLDivLoss", reduction=how, inputs=(log_distribution, distribution(6, 5))) for how in KL_REDUCTIONS),
    case("KLDivLoss", reduction="batchmean", log_target=True, inputs=(log_distribution, log_distribution)),
    *(case("NLLLoss", reduction=how, inputs=(log_distribution, LABELS)) for how in REDUCTIONS),
    *(
        case("NLLLoss", reduction=how, weight=CLASS_WEIGHTS, inputs=(log_distribution, WITH_IGNORED))
        for how in REDUCTIONS
    ),
    case("NLLLoss", inputs=(MAPS, MAP_LABELS)),
]


@pytest.mark.parametrize("case", CASES)
def test_layer_equals_torchs(backend: Backend, reference: Backend, case: Case) -> None:
    check(backend, reference, case)


@pytest.mark.parametrize("label", [5, -1, 1000])
def test_label_out_of_range_is_an_error_and_the_process_lives(backend: Backend, label: int) -> None:
    scores, labels = backend.tensor(np.zeros((2, 5), np.float32)), backend.tensor(np.array([0, label]))
    # torch raises its own IndexError; on MegEngine, which would abort at exit, the adapter raises.
    with pytest.raises(IndexError):
        nn.CrossEntropyLoss()(scores, labels)
    good = nn.CrossEntropyLoss()(scores, backend.tensor(np.array([0, 4])))
    assert float(backend.numpy(good)) == pytest.approx(np.log(5))


def test_kl_divergence_of_a_target_with_zeros_is_finite(backend: Backend) -> None:
    loss = nn.KLDivLoss(reduction="sum")(backend.tensor([[-1.0, -2.0]]), backend.tensor([[1.0, 0.0]]))
    assert_close(loss, np.float32(1.0))


def test_unknown_reduction_is_refused(backend: Backend) -> None:
    with pytest.raises(ValueError, match="average"):
        nn.MSELoss(reduction="average")(backend.tensor([1.0]), backend.tensor([2.0]))
