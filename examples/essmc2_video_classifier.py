"""EssentialMC2's page on networks: its classifier of videos, the ellipses filled in, telling what happens in a shot.

Run it: `python examples/essmc2_video_classifier.py --backend torch`, or `--backend megengine`. For the photographs
scikit-learn and Pillow are needed.

The shots are made of scikit-learn's two photographs, since no package at hand brings films enough: a camera looks at a
part of one, stands still or pans, the picture is cut to another part, or fades. What is seen is real, what happens is
computed. No frame by itself tells what happens, so the network has to look through frames; and it is judged by parts of
the photographs that it was not trained on.
"""

from __future__ import annotations

import argparse
import functools
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from polynet.dialects.essmc2.models import BACKBONES, HEADS, LOSSES, NECKS, TrainModule
from polynet.dialects.essmc2.utils.metrics import METRICS

import polynet
from polynet import ops
from polynet.models.networks.train_module import loss_of
from polynet.types import Tensor

EVENTS = ("still", "pan", "cut", "fade")
Array = np.ndarray[Any, Any]


class VideoClassifier(TrainModule):
    """The page's class, its three blocks in one."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = BACKBONES.build(
            {
                "type": "ResNet3D",
                "depth": 10,
                "num_filters": (8, 8, 16, 16, 16),
                "kernel_size": ((3, 3, 3), (1, 3, 3), (3, 3, 3), (1, 3, 3), (1, 3, 3)),
                "downsampling": (True, False, True, False, False),
                "downsampling_temporal": (False, False, False, False, False),
                "stem_name": "Base3DStem",
            }
        )
        self.neck = NECKS.build({"type": "GlobalAveragePooling", "dim": 3})
        self.head = HEADS.build(
            {"type": "VideoClassifierHead", "dim": 16, "num_classes": len(EVENTS), "dropout_rate": 0}
        )

        self.loss = LOSSES.build(dict(type="CrossEntropy"))  # noqa: C408 - as the page writes it
        self.metric = METRICS.build(dict(type="accuracy", topk=(1, 2)))  # noqa: C408 - as the page writes it
        self.activate_fn = functools.partial(ops.softmax, dim=1)  # the page has torch's

    # The page writes `foward`, and with it a class that EssentialMC2 cannot instantiate. PolyNet's TrainModule has this
    # method, so that it may be misspelt or missing.
    def forward(self, video: Tensor, **kwargs: Any) -> Any:
        """What the mode asks for."""
        return self.forward_train(video, **kwargs) if self.training else self.forward_test(video, **kwargs)

    def forward_test(self, video: Tensor, gt_label: Tensor | None = None) -> Any:
        """Probabilities of the classes; with labels a dictionary of them and of accuracies."""
        logits = self.activate_fn(self.head(self.neck(self.backbone(video))))
        if gt_label is None:
            return logits
        ret: OrderedDict[str, Any] = OrderedDict()
        ret["logits"] = logits
        ret.update(self.metric(logits, gt_label))
        return ret

    def forward_train(self, video: Tensor, gt_label: Tensor | None = None) -> Any:
        """Loss, batch size and accuracies; without labels probabilities."""
        probs = self.head(self.neck(self.backbone(video)))
        if gt_label is not None:
            ret: OrderedDict[str, Any] = OrderedDict()
            loss = self.loss(probs, gt_label)
            ret["loss"] = loss
            ret["batch_size"] = video.shape[0]  # the page's video.size(0) is torch's alone
            ret.update(self.metric(probs, gt_label))
            return ret
        return self.activate_fn(probs)


def photographs() -> tuple[Array, Array]:
    """A Chinese temple beside a flower, 213 pixels high: what to train on, and what to judge by."""
    from sklearn.datasets import load_sample_image

    photos = [load_sample_image(name)[:426].astype(np.float32) for name in ("china.jpg", "flower.jpg")]
    halves = [photo.reshape(213, 2, 320, 2, 3).mean((1, 3)) / 255 for photo in photos]
    return np.hstack([half[:, :200] for half in halves]), np.hstack([half[:, 200:] for half in halves])


def shot(photograph: Array, event: str, draw: np.random.Generator, side: int = 16, frames: int = 4) -> Array:
    """Some frames of a part of a photograph, `(3, frames, side, side)`, standardised."""
    height, width, _ = photograph.shape

    def place() -> Array:
        return draw.uniform((side, side), (height - 2 * side, width - 2 * side))

    corners = np.repeat(place()[None], frames, axis=0)
    light = np.ones(frames)
    if event == "pan":
        angle, speed = draw.uniform(0, 2 * np.pi), draw.uniform(1, 2.5)
        corners += speed * np.arange(frames)[:, None] * np.array([np.sin(angle), np.cos(angle)])
    elif event == "cut":
        corners[draw.integers(1, frames) :] = place()
    elif event == "fade":
        light = np.linspace(1, draw.uniform(0, 0.3), frames)[:: draw.choice([1, -1])]
    seen = [
        photograph[row : row + side, column : column + side] * bright
        for (row, column), bright in zip(corners.astype(int), light, strict=True)
    ]
    video = np.stack(seen).transpose(3, 0, 1, 2)
    return (video - video.mean((1, 2, 3), keepdims=True)) / (video.std() + 0.01)


def batches(photograph: Array, count: int, seed: int, size: int = 32) -> Iterator[dict[str, Array]]:
    """Batches of shots, of every event the same number."""
    draw = np.random.default_rng(seed)
    for _ in range(count):
        labels = draw.permutation(np.arange(size) % len(EVENTS))
        shots = [shot(photograph, EVENTS[label], draw) for label in labels]
        yield {"video": np.stack(shots).astype(np.float32), "gt_label": labels.astype(np.int32)}


def train(net: Any, photograph: Array, epochs: int, steps: int = 15) -> list[float]:
    """Train it, print what each epoch gave, and return the losses of the epochs."""
    backend = polynet.backend.backend_of(net)
    optimizer = backend.optimizer("adamw", net.train(), lr=1e-2)
    losses = []
    for epoch in range(epochs):
        total, right, seen = 0.0, 0.0, 0
        for batch in batches(photograph, steps, seed=epoch):
            outputs: dict[str, Any] = {}

            def loss(batch: Any = batch, outputs: Any = outputs) -> Tensor:
                outputs.update(net(**{key: backend.tensor(value) for key, value in batch.items()}))
                return loss_of(outputs)

            # A batch counts in the means by its size.
            total += float(optimizer.step(loss)) * outputs["batch_size"]
            right += float(outputs["acc@1"]) * outputs["batch_size"]
            seen += outputs["batch_size"]
        losses.append(total / seen)
        print(f"epoch {epoch + 1}: loss {losses[-1]:.2f}, acc@1 {right / seen:.1%}")
    return losses


def evaluate(net: Any, photograph: Array, frozen: bool = False) -> dict[str, float]:
    """Means of the metrics over new shots; `frozen` shows the first frame of each all the time."""
    backend = polynet.backend.backend_of(net)
    net.eval()
    found: dict[str, list[float]] = {}
    with backend.ops.no_grad():
        for batch in batches(photograph, 10, seed=1000):
            video = np.repeat(batch["video"][:, :, :1], 4, axis=2) if frozen else batch["video"]
            outputs = net(video=backend.tensor(video), gt_label=backend.tensor(batch["gt_label"]))
            # The scalars are what is logged; `logits` is none.
            for key, value in outputs.items():
                if value.ndim == 0:
                    found.setdefault(key, []).append(float(value))
    return {key: float(np.mean(values)) for key, values in found.items()}


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Train it on parts of the photographs, and print what it makes of others."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--backend", choices=polynet.installed_backends(), default=polynet.installed_backends()[0])
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args(arguments)

    known, new = photographs()
    net = polynet.build(VideoClassifier, backend=options.backend, seed=0)
    losses = train(net, known, options.epochs)
    moving, frozen = evaluate(net, new), evaluate(net, new, frozen=True)
    print(f"new shots: {moving['acc@1']:.1%} of events told, {moving['acc@2']:.1%} among the first two guesses")
    print(f"of their first frames alone: {frozen['acc@1']:.1%}, where chance is {1 / len(EVENTS):.1%}")
    return {"first": losses[0], "last": losses[-1], **moving, "frozen": frozen["acc@1"]}


if __name__ == "__main__":
    main()
