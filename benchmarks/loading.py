"""Loading data: images per second of folders of JPEG files, and of arrays in memory, against torchvision and torch."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import polynet
from benchmarks.timing import Result, interleaved
from polynet.data.datasets import ArrayDataset, ImageFolder
from polynet.data.loader import DataLoader
from polynet.data.transforms import Compose, RandomHorizontalFlip, RandomResizedCrop, ToArray

IMAGES = 600
CLASSES = 10
BATCH = 32
WORKERS = 2


def run(quick: bool = False) -> Iterator[Result]:
    """All that can be measured here: torchvision, scikit-learn and scikit-image are needed for the files."""
    rounds = 3 if quick else 9
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder), IMAGES // 3 if quick else IMAGES)
        for name in polynet.installed_backends():
            yield _files(Path(folder), name, rounds)
    yield _arrays(rounds)


def _files(folder: Path, backend: str, rounds: int) -> Result:
    """Decode, cut, resize, mirror and collate in two workers, a whole epoch with the start of the workers."""
    augment = Compose([RandomResizedCrop(224), RandomHorizontalFlip(), ToArray()])
    ours = DataLoader(ImageFolder(folder, augment), BATCH, True, num_workers=WORKERS, backend=backend)
    theirs = torchvision_loader(folder)
    epochs = iter(range(1000))
    name = f"{backend}: JPEG files, {WORKERS} workers, against torchvision"
    return _per_second(
        name, lambda: drain(ours.batches(next(epochs))), lambda: drain(theirs), len(ours.dataset), rounds
    )


def torchvision_loader(folder: Path) -> Any:
    """What a script of torchvision's has."""
    import torch
    import torchvision
    from torchvision import transforms

    steps = [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    dataset = torchvision.datasets.ImageFolder(folder, transforms.Compose(steps))
    return torch.utils.data.DataLoader(dataset, BATCH, shuffle=True, num_workers=WORKERS)


def _arrays(rounds: int) -> Result:
    """Images as large as FashionMNIST's, in this process, against `TensorDataset`."""
    import torch

    images = np.random.default_rng(0).integers(0, 256, (20_000, 1, 28, 28), dtype=np.uint8)
    labels = np.arange(len(images)) % 10
    ours = DataLoader(ArrayDataset(images, labels), 128, shuffle=True)
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
    theirs = torch.utils.data.DataLoader(dataset, 128, shuffle=True)
    epochs = iter(range(1000))
    name = "arrays in memory, in this process, against torch's loader"
    return _per_second(name, lambda: drain(ours.batches(next(epochs))), lambda: drain(theirs), len(images), rounds)


def drain(batches: Iterable[Any]) -> None:
    """Read all batches, as a training loop does that computes nothing."""
    for _ in batches:
        pass


def _per_second(name: str, ours: Callable[[], None], theirs: Callable[[], None], images: int, rounds: int) -> Result:
    timing = interleaved(ours, theirs, rounds=rounds, warm_up=1)
    ratios = [other / own for own, other in zip(timing.ours, timing.theirs, strict=True)]
    first, _, third = statistics.quantiles(ratios, n=4)
    speeds = images / statistics.median(timing.ours), images / statistics.median(timing.theirs)
    return Result(name, *speeds, "at least 1.00", unit="img/s", spread=(first, third))


def write_images(folder: Path, count: int) -> None:
    """JPEG files of 500x375 pixels, a usual size in ImageNet, cut from photographs that two libraries bring along."""
    import skimage.data
    import sklearn.datasets
    from PIL import Image

    photographs = [*sklearn.datasets.load_sample_images().images, skimage.data.astronaut(), skimage.data.coffee()]
    generator = np.random.default_rng(0)
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        top = generator.integers(0, photograph.shape[0] - 375 + 1)
        left = generator.integers(0, photograph.shape[1] - 500 + 1)
        part = photograph[top : top + 375, left : left + 500].astype(np.float32) * generator.uniform(0.6, 1.0)
        path = folder / f"class{number % CLASSES}" / f"{number:04d}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(part.astype(np.uint8)).save(path, quality=92)
