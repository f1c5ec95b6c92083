"""What a tokenizer makes of texts: four arrays of one shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np

from polynet import ops
from polynet.backend import active_backend, get_backend, use_backend
from polynet.seam import Backend


@attrs.frozen(eq=False)
class Encoding(Mapping[str, Any]):
    """Texts as numbers, all `(N, L)`: int64 arrays, or tensors of a framework's own index type.

    It is a mapping too, so that a network may be called with `**encoding`.

    Attributes:
        input_ids: The number of each token; the padding's number after the last.
        attention_mask: 1 for a token, 0 for padding.
        token_type_ids: 1 for a token of the second text of a pair, else 0.
        position_ids: The place of each token in its row, from 0.

    Example:
        >>> ones = np.ones((1, 2), np.int64)
        >>> encoding = Encoding(ones, ones, 0 * ones, np.arange(2)[None])
        >>> list(encoding), encoding["position_ids"].tolist()
        (['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'], [[0, 1]])
    """

    input_ids: Any
    attention_mask: Any
    token_type_ids: Any
    position_ids: Any

    # Arrays do not compare to one truth value, so an encoding equals itself alone.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __getitem__(self, key: str) -> Any:
        """One of the four by its name."""
        if key not in tuple(self):
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        """The four names."""
        return (field.name for field in attrs.fields(type(self)))

    def __len__(self) -> int:
        """How many arrays there are; how many texts, `input_ids` says."""
        return len(attrs.fields(type(self)))

    def to(self, backend: str | Backend | None = None, device: str | None = None) -> Encoding:
        """The same as tensors.

        Args:
            backend: The framework; by default the active one.
            device: Where to put them; by default the framework's default device.

        Returns:
            An encoding of int64 tensors on torch, of int32 tensors on MegEngine, which has no int64.

        Raises:
            BackendUnavailableError: There is no such framework.
            DeviceError: There is no such device.

        Example:
            >>> ones = np.ones((1, 2), np.int64)
            >>> Encoding(ones, ones, ones, ones).to("torch").input_ids
            tensor([[1, 1]])
        """
        target = active_backend() if backend is None else get_backend(backend)
        with use_backend(target):
            tensors = [ops.tensor(_array(each), device=device) for each in self.values()]
        return Encoding(*tensors)


def _array(values: Any) -> np.ndarray[Any, Any]:
    return values if isinstance(values, np.ndarray) else ops.to_numpy(values)
