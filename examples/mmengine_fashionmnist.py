"""MMEngine's guide to models: FashionMNIST by a plain loop, and by a `Runner`, on either framework.

Run it: `python examples/mmengine_fashionmnist.py --backend torch`, or `--backend megengine`.

The data are those of Debian's package dataset-fashion-mnist (`apt-get install dataset-fashion-mnist`); `--data FOLDER`
names another folder with its four files.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from polynet.dialects.mmengine.evaluator import BaseMetric
from polynet.dialects.mmengine.model import BaseModel

import polynet
from polynet import nn, ops
from polynet.backend import backend_of
from polynet.data import DataLoader
from polynet.data.datasets import ArrayDataset, FashionMNIST
from polynet.dialects.mmengine import Runner
from polynet.types import Tensor


class PlainNetwork(nn.Module):
    """The guide's three layers, which know nothing of losses."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(28 * 28, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images (N, 1, 28, 28)."""
        return self.linear_relu_stack(self.flatten(x))


class NeuralNetwork(BaseModel):
    """The same layers, with the loss and the predictions inside."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(28 * 28, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
        )
        self.loss = nn.CrossEntropyLoss()

    def forward(self, img: Tensor, label: Tensor, mode: str = "tensor") -> Any:
        """The loss, or predicted classes and the loss as a number."""
        pred = self.linear_relu_stack(self.flatten(img))
        loss = self.loss(pred, label)
        if mode == "loss":
            return {"loss": loss}
        return ops.argmax(pred, dim=1), loss.item()


class FashionMnistMetric(BaseMetric):
    """Accuracy and mean loss of the batches, as the guide has them: each batch counts alike."""

    def process(self, data: Any, preds: Any) -> None:
        """Keep a batch's share of right predictions, and its loss."""
        right = data[1] == ops.to_numpy(preds[0])
        self.results.append((float(right.sum() / len(right)), preds[1]))

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """The means over all batches."""
        correct, loss = zip(*results, strict=True)
        return {"Accuracy": sum(correct) / len(results), "Avg_loss": sum(loss) / len(results)}


def train_loop(loader: Any, network: Any, optimizer: Any) -> None:
    """The guide's loop over an epoch: loss, gradients, step."""
    framework = backend_of(network)
    for batch, (images, labels) in enumerate(loader):
        x, y = framework.tensor(images), framework.tensor(labels)
        loss = optimizer.step(lambda x=x, y=y: ops.cross_entropy(network(x), y))
        if batch % 100 == 0:
            print(f"loss: {loss:>7f}  [{batch * len(images):>5d}/{len(loader.dataset):>5d}]")


def test_loop(loader: Any, network: Any) -> dict[str, float]:
    """The guide's measurement after an epoch."""
    framework = backend_of(network)
    loss, correct = 0.0, 0
    with framework.ops.no_grad():
        for images, labels in loader:
            pred = network(framework.tensor(images))
            loss += ops.cross_entropy(pred, framework.tensor(labels)).item()
            correct += int((ops.to_numpy(ops.argmax(pred, dim=1)) == labels).sum())
    found = {"Accuracy": correct / len(loader.dataset), "Avg_loss": loss / len(loader)}
    print(f"Test Error: \n Accuracy: {100 * found['Accuracy']:>0.1f}%, Avg loss: {found['Avg_loss']:>8f} \n")
    return found


def loaders(folder: str | None, size: int | None) -> tuple[DataLoader, DataLoader]:
    """Batches of 64 images to train and to test with."""
    both = []
    for training in (True, False):
        data: Any = FashionMNIST(folder, train=training)
        images, labels = data.images[:size], data.labels[:size]
        scaled = ArrayDataset(images.astype("float32") / 255, labels)
        both.append(DataLoader(dataset=scaled, batch_size=64))
    return both[0], both[1]


def run_plainly(options: argparse.Namespace) -> dict[str, float]:
    """The loop as PyTorch's tutorial writes it."""
    train, test = loaders(options.data, options.size)
    network = polynet.build(PlainNetwork, backend=options.backend, seed=0)
    optimizer = backend_of(network).optimizer("sgd", network, lr=options.lr)
    found: dict[str, float] = {}
    for epoch in range(options.epochs):
        print(f"Epoch {epoch + 1}\n-------------------------------")
        train_loop(train, network, optimizer)
        found = test_loop(test, network)
    print("Done!")
    return found


def run_runner(options: argparse.Namespace) -> dict[str, float]:
    """The same by a runner."""
    train, test = loaders(options.data, options.size)
    runner = Runner(
        model=polynet.build(NeuralNetwork, backend=options.backend, seed=0),
        work_dir=options.work_dir,
        train_dataloader=train,
        optim_wrapper={"optimizer": {"type": "SGD", "lr": options.lr}},
        train_cfg={"by_epoch": True, "max_epochs": options.epochs, "val_interval": 1},
        val_cfg={"fp16": True},
        val_dataloader=test,
        val_evaluator={"type": FashionMnistMetric},
    )
    runner.train()
    return {name: runner.message[f"val/{name}"] for name in ("Accuracy", "Avg_loss")}


def main(arguments: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
    """Train both ways, and return what the tests at the end found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="torch", help="torch or megengine (default: torch)")
    parser.add_argument("--data", metavar="FOLDER", help="folder of FashionMNIST's files (default: the system's)")
    parser.add_argument("--epochs", type=int, default=5, help="passes over the data (default: 5)")
    parser.add_argument("--lr", type=float, default=1e-3, help="learning rate (default: 0.001, the guide's)")
    parser.add_argument("--size", type=int, help="take only so many images (default: all)")
    parser.add_argument("--work-dir", default="work_dir", help="folder for checkpoints and logs (default: work_dir)")
    options = parser.parse_args(arguments)
    return {"plain": run_plainly(options), "runner": run_runner(options)}


if __name__ == "__main__":
    main()
