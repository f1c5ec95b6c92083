"""Scepter's documentation: losses, metrics, tokenizers, networks and tuners of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend
from polynet.dialects.scepter import (
    LOSSES,
    METRICS,
    MODELS,
    TOKENIZERS,
    TUNERS,
    BaseMetric,
    BaseModel,
    BaseTokenizer,
    Config,
    TrainModule,
)
from polynet.errors import ComponentError
from polynet.registry import temporary
from tests.compare import assert_close


@pytest.fixture(autouse=True)
def _clean_store() -> Any:
    with temporary():
        yield


@pytest.mark.checklist("S0-6", "S0-16", "S0-31")
def test_a_loss_may_derive_from_the_frameworks_module_alone(backend: Backend) -> None:
    @LOSSES.register_class()
    class CrossEntropy(backend.native_module_type):  # type: ignore[misc, name-defined]  # chosen at run time
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__()
            self.smoothing = cfg.get("LABEL_SMOOTHING", 0.0)

        def forward(self, logits: Any, label: Any) -> Any:
            return ops.cross_entropy(logits, label, label_smoothing=self.smoothing)

    loss = LOSSES.build({"NAME": "CrossEntropy", "LABEL_SMOOTHING": 0.1}, logger="a logger")
    assert isinstance(loss, CrossEntropy)
    assert loss.logger == "a logger"
    x, y = ops.tensor(np.eye(3, dtype=np.float32)), ops.tensor(np.arange(3))
    assert_close(loss(x, y), ops.cross_entropy(x, y, label_smoothing=0.1))


@pytest.mark.checklist("S0-7")
def test_a_config_given_to_the_frameworks_own_constructor_is_an_error_that_says_so(backend: Backend) -> None:
    @LOSSES.register_class()
    class CrossEntropy(backend.native_module_type):  # type: ignore[misc, name-defined]  # chosen at run time
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)

        def forward(self, logits: Any, label: Any) -> Any:
            return ops.cross_entropy(logits, label)

    with pytest.raises(ComponentError, match=r"CrossEntropy could not be built.*call super\(\).__init__\(\)") as caught:
        LOSSES.build({"NAME": "CrossEntropy"})
    assert isinstance(caught.value.__cause__, TypeError)

    @LOSSES.register_class("Mended")
    class Mended(BaseModel):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)

    assert isinstance(LOSSES.build({"NAME": "Mended"}), backend.native_module_type)


@pytest.mark.checklist("S0-8", "S0-32", "S0-51")
def test_a_metric_of_the_documentation(backend: Backend) -> None:
    @METRICS.register_class("AccuracyMetric")
    class AccuracyMetric(BaseMetric):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)
            self.topk = cfg.get("TOPK", 1)

        def __call__(self, logits: Any, labels: Any) -> Any:
            return {"acc": ops.mean(ops.cast(ops.argmax(logits, dim=1) == labels, "float32"))}

    metric = METRICS.build({"NAME": "AccuracyMetric", "TOPK": [1, 5]}, "a logger")
    assert isinstance(metric, AccuracyMetric)
    assert (metric.topk, metric.logger) == ([1, 5], "a logger")
    assert METRICS.build({"NAME": "AccuracyMetric"}).topk == 1

    class CrossEntropy(BaseModel):
        pass

    @METRICS.register_class("Misprinted")
    class Misprinted(BaseMetric):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super(CrossEntropy, self).__init__(cfg, logger=logger)  # type: ignore[misc]  # as it is printed

    with pytest.raises(ComponentError, match=r"Misprinted could not be built: TypeError: super") as caught:
        METRICS.build({"NAME": "Misprinted"})
    assert isinstance(caught.value.__cause__, TypeError)
    assert caught.value.__cause__.__traceback__ is not None


@pytest.mark.checklist("S0-35")
def test_what_a_metric_computes_is_not_recorded(backend: Backend) -> None:
    class Square(BaseMetric):
        def __call__(self, logits: Any, labels: Any = None) -> Any:
            return {"square": ops.sum(logits * logits)}

    x = backend.parameter(np.array([1.0, 2.0], np.float32))
    metric = Square()
    for call in (lambda: metric(x), lambda: metric(logits=x)):
        _, (gradient,) = backend.differentiate(lambda call=call: ops.sum(x) + call()["square"], [x])
        assert_close(gradient, np.ones(2, np.float32))
    assert float(metric(x)["square"]) == 5.0
    with pytest.raises(NotImplementedError, match=r"Silent has no __call__"):
        type("Silent", (BaseMetric,), {})()(x)


@pytest.mark.checklist("S0-9", "S0-19", "S0-43")
def test_a_tokenizer_of_the_documentation() -> None:
    @TOKENIZERS.register_class()
    class BaseBertTokenizer(BaseTokenizer):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)

    made = TOKENIZERS.build({"NAME": "BaseBertTokenizer", "VOCABULARY": "x.txt"}, "a logger")
    assert isinstance(made, BaseBertTokenizer)
    assert (made.logger, made.cfg.VOCABULARY) == ("a logger", "x.txt")
    for call in (made, made.tokenize):
        with pytest.raises(NotImplementedError, match=r"BaseBertTokenizer has no tokenize\(texts\)"):
            call(["a text"])

    class Letters(BaseTokenizer):
        def tokenize(self, texts: Any, *, start: int = 0) -> Any:  # type: ignore[override]  # as users write it
            return [[ord(each) - start for each in text] for text in texts]

    letters = Letters()
    assert letters(["ab"], start=97) == letters.tokenize(["ab"], start=97) == [[0, 1]]
    assert letters("ab", start=97) == [[0, 1]]


@pytest.mark.checklist("S0-10", "S0-54")
def test_a_bare_network_is_built_and_says_what_it_lacks_when_called(backend: Backend) -> None:
    @MODELS.register_class()
    class Classifier(TrainModule):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)

    net = MODELS.build({"NAME": "Classifier"}, logger="a logger")
    assert isinstance(net, Classifier)
    with pytest.raises(NotImplementedError, match=r"Classifier is in training mode and has no forward_train"):
        net(ops.ones((1,)))


@pytest.mark.checklist("S0-11", "S0-17")
def test_a_tuner_has_the_form_of_the_others(backend: Backend) -> None:
    @TUNERS.register_class()
    class MyTuner(BaseModel):
        def __init__(self, cfg: Any, logger: Any = None) -> None:
            super().__init__(cfg, logger=logger)
            self.down = nn.Linear(cfg.DIM, cfg.LENGTH)
            self.up = nn.Linear(cfg.LENGTH, cfg.DIM)

        def forward(self, x: Any) -> Any:
            return x + self.up(self.down(x))

    tuner = TUNERS.build(Config({"NAME": "MyTuner", "DIM": 4, "LENGTH": 2}), logger=None)
    assert tuple(tuner(ops.ones((3, 4))).shape) == (3, 4)
