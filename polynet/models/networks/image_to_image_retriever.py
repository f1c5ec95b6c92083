"""Retrieval of images by images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polynet import ops
from polynet.backend import backend_of
from polynet.data.data_sample import DataSample, check_samples
from polynet.errors import CheckpointNotFoundError, InputError, ModeError, OptionError, suggest
from polynet.models.chain import build_chain
from polynet.models.fit import last_of
from polynet.models.mmengine_model import BaseModel
from polynet.models.networks.base_classifier import check_mode, check_parts, preprocessor_of, rules_of
from polynet.registry import NETWORKS, build_part
from polynet.types import Tensor

KEY = "prototype_vecs"


def cosine_similarity(queries: Tensor, vectors: Tensor) -> Tensor:
    """Cosines between queries `(N, D)` and vectors `(M, D)`: `(N, M)`.

    Example:
        >>> cosine_similarity(ops.tensor([[2.0, 0.0]]), ops.tensor([[1.0, 0.0], [0.0, 3.0]])).tolist()
        [[1.0, 0.0]]
    """
    return ops.matmul(ops.normalize(queries, dim=1), ops.transpose(ops.normalize(vectors, dim=1), 0, 1))


SIMILARITIES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {"cosine_similarity": cosine_similarity}


@NETWORKS.register
class ImageToImageRetriever(BaseModel):
    """Ranks the images of a data base, the prototype, by how alike they are to an image.

    The prototype is read, or its images encoded, at the first prediction.

    Args:
        image_encoder: What gives the vector of an image: a config, a name or a module, or a list of them that follow
            one another, such as a backbone and a neck.
        prototype: The vectors `(M, D)`, as an array or a tensor; the path of a file of them (`.npy`, or a checkpoint
            with one tensor); or batches to encode: pairs or dictionaries of `inputs` and `data_samples`, where a
            sample's `sample_idx` is its row, or else the order counts; or inputs alone.
        head: What has the loss.
        pretrained: Path of a checkpoint of the whole, which `init_weights` loads: an `init_cfg` for short.
        similarity_fn: `"cosine_similarity"`, or a function of queries `(N, D)` and vectors `(M, D)` to `(N, M)`.
        train_cfg: Batch augmentation, `{"augments": …, "probs": …}`, which the preprocessor applies.
        data_preprocessor: What turns a loader's batch into inputs: a `ClsDataPreprocessor` where no `type` is given.
        topk: How many to give, the best first; -1 for all.
        init_cfg: How weights start; see `BaseModule`.

    Raises:
        OptionError: The prototype or similarity is none of these.
        PolyNetError: A part cannot be built; the message says which.

    Source: MMPretrain, `ImageToImageRetriever`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = ImageToImageRetriever(polynet.nn.Identity(), prototype=np.eye(3, dtype=np.float32), topk=2)
        >>> sample, = net(ops.tensor([[0.1, 0.9, 0.5]]), mode="predict")
        >>> sample.pred_label.tolist()
        [1, 2]
    """

    prototype_vecs: Any

    def __init__(
        self,
        image_encoder: Any,
        prototype: Any,
        head: Any = None,
        pretrained: Any = None,
        similarity_fn: str | Callable[[Tensor, Tensor], Tensor] = "cosine_similarity",
        train_cfg: Mapping[str, Any] | None = None,
        data_preprocessor: Any = None,
        topk: int = -1,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(
            preprocessor_of(data_preprocessor, "ClsDataPreprocessor", train_cfg), rules_of(init_cfg, pretrained)
        )
        self.train_cfg = train_cfg
        self.image_encoder = build_chain("backbone", image_encoder, "image_encoder")
        self.head = build_part("head", head, "head")
        if self.head is not None:
            check_parts(self.image_encoder, None, self.head)
        self.similarity = _similarity(similarity_fn)
        if prototype is None or isinstance(prototype, (int, float)):
            message = f"The prototype is vectors, a path or batches, not {prototype!r}."
            raise OptionError(message)
        if isinstance(topk, bool) or not isinstance(topk, int) or (topk < 1 and topk != -1):
            message = f"topk is a whole number of at least 1, or -1 for all, not {topk!r}."
            raise OptionError(message)
        self._prototype = _Kept(prototype)
        self.topk = topk
        self.prototype_inited = False

    @property
    def prototype(self) -> Any:
        """The prototype as it was given."""
        return self._prototype.value

    def forward(self, inputs: Tensor, data_samples: Any = None, mode: str = "tensor") -> Any:
        """Vectors (`"tensor"`), losses (`"loss"`) or ranked images (`"predict"`) of a batch.

        Raises:
            ModeError: There is no such mode, or no head for it.
        """
        check_mode(self, mode)
        if mode == "tensor":
            return self.extract_feat(inputs)
        return self.loss(inputs, data_samples) if mode == "loss" else self.predict(inputs, data_samples)

    def extract_feat(self, inputs: Tensor) -> Any:
        """What the encoder gives."""
        return self.image_encoder(inputs)

    def loss(self, inputs: Tensor, data_samples: Any) -> dict[str, Tensor]:
        """The head's losses of a batch.

        Raises:
            ModeError: There is no head.
        """
        if self.head is None:
            message = f"{type(self).__name__} has no head, from which the loss comes."
            raise ModeError(message)
        check_samples(type(self).__name__, data_samples)
        losses: dict[str, Tensor] = self.head.loss(self.extract_feat(inputs), data_samples)
        return losses

    def matching(self, inputs: Tensor) -> dict[str, Tensor]:
        """How alike vectors `(N, D)` are to the prototype.

        Returns:
            `score` `(N, M)`, `pred_label`: the prototype's rows from the most alike, and `pred_score`: theirs.
        """
        score = self.similarity(inputs, self.prototype_vecs)
        ranked, labels = ops.sort(score, dim=-1, descending=True)
        return {"score": score, "pred_label": labels, "pred_score": ranked}

    def predict(self, inputs: Tensor, data_samples: Sequence[DataSample] | None = None) -> list[DataSample]:
        """Set `pred_score`, how alike each image of the prototype is, and `pred_label`, the ranked `topk` of them."""
        check_samples(type(self).__name__, data_samples)
        if not self.prototype_inited:
            self.prepare_prototype()
        found = self.matching(last_of(self.extract_feat(inputs)))
        labels = found["pred_label"] if self.topk == -1 else found["pred_label"][:, : self.topk]
        samples: Sequence[DataSample | None] = data_samples or [None] * labels.shape[0]
        return [
            (sample or DataSample()).set_pred_score(found["score"][row]).set_pred_label(labels[row])
            for row, sample in enumerate(samples)
        ]

    def prepare_prototype(self) -> None:
        """Read or encode the prototype, as the buffer `prototype_vecs`, which is no part of the state.

        Raises:
            InputError: There are no vectors, or they have not two axes.
            CheckpointNotFoundError: There is no file at the path.
        """
        backend = backend_of(self)
        vectors = self._vectors()
        if vectors.ndim != 2 or 0 in vectors.shape:
            message = f"The prototype is vectors (M, D), at least one; it has shape {tuple(vectors.shape)}."
            raise InputError(message)
        placed = next(iter(self.parameters()), None)
        device = None if placed is None else backend.device_of(placed)
        self.register_buffer(KEY, backend.tensor(vectors.astype(np.float32), device=device), persistent=False)
        self.prototype_inited = True

    def dump_prototype(self, path: str | os.PathLike[str]) -> None:
        """Write the prototype's vectors as a `.npy` file, which `prototype` can name."""
        if not self.prototype_inited:
            self.prepare_prototype()
        with Path(path).open("wb") as file:
            np.save(file, ops.to_numpy(self.prototype_vecs), allow_pickle=False)

    def _vectors(self) -> np.ndarray[Any, Any]:
        given = self.prototype
        if isinstance(given, (str, os.PathLike)):
            return _read(Path(given))
        if isinstance(given, np.ndarray):
            return given
        if hasattr(given, "shape"):
            return ops.to_numpy(given)
        if isinstance(given, Iterable) and not isinstance(given, Mapping):
            return self._encoded(given)
        message = f"The prototype is vectors, a path or batches, not {type(given).__name__}."
        raise OptionError(message)

    def _encoded(self, batches: Iterable[Any]) -> np.ndarray[Any, Any]:
        """The vectors of batches of images, in evaluation mode."""
        rows: dict[int, np.ndarray[Any, Any]] = {}
        training = self.training
        self.eval()
        try:
            for batch in batches:
                inputs, samples = _unpacked(batch)
                with ops.no_grad(inputs):
                    vectors = ops.to_numpy(last_of(self.extract_feat(inputs)))
                for number, vector in enumerate(vectors):
                    index = len(rows) if samples is None else samples[number].get("sample_idx", len(rows))
                    rows[int(index)] = vector
        finally:
            self.train(training)
        if sorted(rows) != list(range(len(rows))):
            message = f"The rows sample_idx of the prototype must be 0 to {len(rows) - 1}, each once."
            raise InputError(message)
        return np.stack([rows[index] for index in range(len(rows))]) if rows else np.zeros((0, 0), np.float32)


class _Kept:
    """Holds what must not become a member of the module."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _similarity(similarity_fn: Any) -> Any:
    if callable(similarity_fn):
        return similarity_fn
    if similarity_fn not in SIMILARITIES:
        names = ", ".join(SIMILARITIES)
        message = f"Invalid function {similarity_fn!r}: {names}, or a function.{suggest(similarity_fn, SIMILARITIES)}"
        raise ModeError(message)
    return SIMILARITIES[similarity_fn]


def _unpacked(batch: Any) -> tuple[Any, Any]:
    """Inputs and samples of a batch."""
    if isinstance(batch, Mapping):
        return batch["inputs"], batch.get("data_samples")
    if isinstance(batch, (tuple, list)):
        return batch[0], batch[1] if len(batch) > 1 else None
    return batch, None


def _read(path: Path) -> np.ndarray[Any, Any]:
    from polynet.weights.files import read_checkpoint

    if not path.exists():
        message = f"The prototype {path} can not be found."
        raise CheckpointNotFoundError(message)
    if path.suffix == ".npy":
        return np.asarray(np.load(path, allow_pickle=False))
    tensors = read_checkpoint(path).tensors
    if len(tensors) != 1:
        message = f"{path} should hold one tensor, the prototype's vectors; it holds {len(tensors)}."
        raise InputError(message)
    return np.asarray(next(iter(tensors.values())))
