"""Scepter's page on its model module: every class that it begins, carried out, its misprints mended, on digits.

Run it: `python examples/scepter_classifier.py --backend torch`, or `--backend megengine`.

The imports are the page's with `polynet.dialects.` before them, `torch.nn` is `polynet.nn`, and what the page leaves to
the reader is filled in: a small network, trained and tested by its own two methods, then given a tuner and trained
further with all else frozen; and texts cut into tokens.
"""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from polynet.dialects.scepter.modules.model.base_model import BaseModel
from polynet.dialects.scepter.modules.model.metrics.base_metric import BaseMetric
from polynet.dialects.scepter.modules.model.metrics.registry import METRICS
from polynet.dialects.scepter.modules.model.networks.train_module import TrainModule
from polynet.dialects.scepter.modules.model.registry import BACKBONES, HEADS, LOSSES, MODELS, NECKS, TOKENIZERS, TUNERS
from polynet.dialects.scepter.modules.model.tokenizers import BaseTokenizer
from polynet.dialects.scepter.modules.utils.config import Config

import polynet
from polynet import nn, ops
from polynet.data import load_digits
from polynet.types import Tensor

# The page takes names of classes that ship. Its own are found from then on, and each time a warning says so.
warnings.filterwarnings("ignore", message=".*is replaced by")


@BACKBONES.register_class("ResNet")
class ResNet(BaseModel):
    """A residual network of two blocks, for images of 8x8."""

    def __init__(self, cfg: Config, logger: Any = None) -> None:
        super(ResNet, self).__init__(cfg, logger=logger)  # noqa: UP008 - as the page writes it
        width = cfg.get("WIDTH", 16)
        self.stem = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.branch = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        # A tuner of the connection round the branch; without one in the config there is none.
        self.tuner = TUNERS.build(cfg.TUNER, logger=logger) if cfg.have("TUNER") else None
        self.wider = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Features `(N, 2 * WIDTH, 4, 4)`."""
        x = ops.relu(self.norm(self.stem(x)))
        shortcut = x if self.tuner is None else self.tuner(x)
        return ops.relu(self.wider(ops.relu(shortcut + self.branch(x))))


@NECKS.register_class()
class GlobalAveragePooling(BaseModel):
    """The mean over positions."""

    def __init__(self, cfg: Config, logger: Any = None) -> None:
        super(GlobalAveragePooling, self).__init__(cfg, logger=logger)  # noqa: UP008 - as the page writes it

    def forward(self, x: Tensor) -> Tensor:
        """Means `(N, C)`."""
        return ops.mean(x, dim=(2, 3))


@HEADS.register_class()
class ClassifierHead(BaseModel):
    """One linear layer."""

    def __init__(self, cfg: Config, logger: Any = None) -> None:
        super(ClassifierHead, self).__init__(cfg, logger=logger)  # noqa: UP008 - as the page writes it
        self.fc = nn.Linear(cfg.DIM, cfg.NUM_CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(N, NUM_CLASSES)`."""
        return self.fc(x)


@LOSSES.register_class()
class CrossEntropy(nn.Module):
    """Cross-entropy. It derives from a plain module, whose constructor takes no config: the page hands it one."""

    def __init__(self, cfg: Config, logger: Any = None) -> None:
        super().__init__()
        self.label_smoothing = cfg.get("LABEL_SMOOTHING", 0.0)

    def forward(self, logits: Tensor, label: Tensor) -> Tensor:
        """The mean loss."""
        return ops.cross_entropy(logits, label, label_smoothing=self.label_smoothing)


@METRICS.register_class("AccuracyMetric")
class AccuracyMetric(BaseMetric):
    """Share of labels among the best `k` logits. The page calls `super(CrossEntropy, self)` here."""

    def __init__(self, cfg: Config, logger: Any = None) -> None:
        super(AccuracyMetric, self).__init__(cfg, logger=logger)  # noqa: UP008 - as the page writes it
        topk = cfg.get("TOPK", 1)
        self.topk = (topk,) if isinstance(topk, int) else tuple(topk)

    def __call__(self, logits: Tensor, label: Tensor) -> Mapping[str, Tensor]:
        """`acc@k` for every `k`; nothing in here is recorded for gradients, which the base sees to."""
        _, ranked = ops.topk(logits, max(self.topk), dim=1)
        hits = ops.cast(ranked == ops.unsqueeze(label, 1), "float32")
        return OrderedDict((f"acc@{k}", ops.mean(ops.sum(hits[:, :k], dim=1))) for k in self.topk)


@TOKENIZERS.register_class()
class BaseBertTokenizer(BaseTokenizer):
    """Words cut into BERT's pieces, by the tokenizer that ships."""

    def __init__(self, cfg: Config, logger: Any = None) -> None:
        super(BaseBertTokenizer, self).__init__(cfg, logger=logger)  # noqa: UP008 - as the page writes it
        self.bert = TOKENIZERS.build({"NAME": "BertTokenizer", "VOCAB_FILE": cfg.VOCAB_FILE, "LENGTH": cfg.LENGTH})

    def tokenize(self, texts: Any, **options: Any) -> Any:
        """Token ids, attention mask, token type ids and position ids of a list of texts."""
        return self.bert.tokenize(texts, **options)


@MODELS.register_class()
class Classifier(TrainModule):
    """Backbone, neck, head, loss and metric, put together."""

    def __init__(self, cfg: Config, logger: Any = None) -> None:
        super(Classifier, self).__init__(cfg, logger=logger)  # noqa: UP008 - as the page writes it
        self.backbone = BACKBONES.build(cfg.BACKBONE, logger=logger)
        self.neck = NECKS.build(cfg.NECK, logger=logger)
        self.head = HEADS.build(cfg.HEAD, logger=logger)
        self.loss = LOSSES.build(cfg.LOSS, logger=logger)
        self.metric = METRICS.build(cfg.METRIC, logger)

    def forward_train(self, img: Tensor, label: Tensor) -> Mapping[str, Any]:
        """Loss and metric of a batch."""
        logits = self.head(self.neck(self.backbone(img)))
        return OrderedDict(loss=self.loss(logits, label), batch_size=img.shape[0], **self.metric(logits, label))

    def forward_test(self, img: Tensor, label: Tensor) -> Mapping[str, Any]:
        """Metric of a batch."""
        return self.metric(self.head(self.neck(self.backbone(img))), label)


CONFIG: dict[str, Any] = {
    "MODEL": {
        "NAME": "Classifier",
        "BACKBONE": {"NAME": "ResNet", "WIDTH": 16},
        "NECK": {"NAME": "GlobalAveragePooling"},
        "HEAD": {"NAME": "ClassifierHead", "DIM": 32, "NUM_CLASSES": 10},
        "LOSS": {"NAME": "CrossEntropy", "LABEL_SMOOTHING": 0.05},
        "METRIC": {"NAME": "AccuracyMetric", "TOPK": [1, 5]},
    },
    "TUNER": {"NAME": "SCTuner", "DIM": 16, "TUNER_LENGTH": 4},
    "TOKENIZER": {"NAME": "BaseBertTokenizer", "LENGTH": 12},
}
VOCABULARY = Path(__file__).parents[1] / "tests" / "tokenizers" / "data" / "bert-base-uncased-vocab.txt"


class Solver:
    """What holds a network, as the page's `self.cfg` and `self.logger` suppose."""

    def __init__(self, cfg: Config, logger: Any, backend: str) -> None:
        self.cfg = cfg
        self.logger = logger
        self.backend = polynet.backend.get_backend(backend)
        with polynet.use_backend(backend):
            self.model = MODELS.build(self.cfg.MODEL, logger=self.logger)
        nn.initialise(self.model, 0)

    def train(self, steps: int, lr: float, size: int = 64) -> float:
        """Train on digits; returns the last loss."""
        digits, draw = load_digits(), np.random.default_rng(0)
        optimizer = self.backend.optimizer("sgd", self.model.train(), lr=lr, momentum=0.9)
        loss = float("nan")
        for _ in range(steps):
            chosen = draw.choice(len(digits.train_labels), size, replace=False)
            x, label = (self.backend.tensor(each[chosen]) for each in (digits.train_images, digits.train_labels))
            loss = float(optimizer.step(lambda x=x, label=label: self.model(x, label)["loss"]))
        return loss

    def test(self) -> dict[str, float]:
        """The metric of the digits kept back."""
        digits = load_digits()
        x, label = (self.backend.tensor(each) for each in (digits.test_images, digits.test_labels))
        found = self.model.eval()(x, label)
        return {name: float(self.backend.numpy(value)) for name, value in found.items()}


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Train, tune and tokenise; print and return what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--backend", choices=polynet.installed_backends(), default=polynet.installed_backends()[0])
    parser.add_argument(
        "--vocabulary", default=str(VOCABULARY), help="a vocab.txt of BERT's, or an empty text for none"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO, force=True)
    logger = logging.getLogger("scepter_classifier")
    cfg = Config(cfg_dict=CONFIG, load=False)

    solver = Solver(cfg, logger, options.backend)
    loss, tested = solver.train(steps=60, lr=0.1), solver.test()
    logger.info("trained: loss %.3f, %s", loss, _told(tested))

    tuned_cfg = Config(cfg_dict={"MODEL": {**CONFIG["MODEL"]}}, load=False)
    tuned_cfg.MODEL.BACKBONE.TUNER = cfg.TUNER
    tuned = Solver(tuned_cfg, logger, options.backend)
    polynet.load_state(tuned.model, polynet.state(solver.model), strict=False)
    fresh = tuned.test()
    tuned.model.requires_grad_(False)
    tuned.model.backbone.tuner.requires_grad_(True)
    slots = tuned.backend.slots(tuned.model).items()
    trainable = [name for name, slot in slots if slot.kind == "parameter" and slot.trainable]
    tuned.train(steps=10, lr=0.01)
    after = tuned.test()
    logger.info("with a fresh tuner: %s; %d tensors tuned: %s", _told(fresh), len(trainable), _told(after))

    found: dict[str, Any] = {"tested": tested, "fresh": fresh, "trainable": trainable, "tuned": after}
    if options.vocabulary:
        tokenizer = TOKENIZERS.build({**CONFIG["TOKENIZER"], "VOCAB_FILE": options.vocabulary}, logger)
        tokens = tokenizer.tokenize(["a handwritten seven", "tokenisation"])
        logger.info("token ids: %s", tokens["input_ids"].tolist())
        found["tokens"] = tokens
    return found


def _told(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())


if __name__ == "__main__":
    main()
