"""What is known and predicted of one sample: labels, scores, a mask, and facts about it."""

from __future__ import annotations

import operator
from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import Any

import numpy as np

from polynet import ops
from polynet.errors import InputError, OptionError
from polynet.tensor_types import is_tensor
from polynet.types import Tensor

_FIELD_TYPES = ("data", "metainfo")


class DataElement:
    """Named data and named facts (`metainfo`), both read as attributes.

    Args:
        metainfo: Facts to begin with, such as `{"img_shape": (32, 32)}`.
        **fields: Data to begin with.

    Source: MMEngine, `BaseDataElement`, the part that networks need.

    Example:
        >>> sample = DataElement(metainfo={"sample_idx": 3}, score=0.5)
        >>> sample.sample_idx, sample.score, "score" in sample
        (3, 0.5, True)
    """

    _data: dict[str, Any]
    _metainfo: dict[str, Any]

    def __init__(self, *, metainfo: Mapping[str, Any] | None = None, **fields: Any) -> None:
        object.__setattr__(self, "_data", {})
        object.__setattr__(self, "_metainfo", {})
        self.set_metainfo(metainfo or {})
        for name, value in fields.items():
            self.set_field(value, name)

    def set_metainfo(self, metainfo: Mapping[str, Any]) -> DataElement:
        """Add facts, over those of the same names; returns the sample."""
        for name, value in metainfo.items():
            self.set_field(value, name, field_type="metainfo")
        return self

    def set_field(self, value: Any, name: str, field_type: str = "data") -> DataElement:
        """Set one datum or fact; returns the sample.

        Raises:
            OptionError: The name is taken by the other kind, or is one of the class's own.
        """
        if field_type not in _FIELD_TYPES:
            message = f"field_type is 'data' or 'metainfo', not {field_type!r}."
            raise OptionError(message)
        if hasattr(type(self), name) and not isinstance(getattr(type(self), name), property):
            message = f"{name!r} is a method of {type(self).__name__} and cannot be a field of it."
            raise OptionError(message)
        own, other = (self._data, self._metainfo) if field_type == "data" else (self._metainfo, self._data)
        if name in other:
            message = f"{name!r} is set as {'metainfo' if field_type == 'data' else 'data'} already."
            raise OptionError(message)
        own[name] = value
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        self.set_field(value, name, "metainfo" if name in self._metainfo else "data")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_data" not in self.__dict__:
            raise AttributeError(name)
        if name in self:
            return self.get(name)
        have = ", ".join([*self._data, *self._metainfo]) or "nothing"
        message = f"{type(self).__name__} has no {name!r}; it has {have}."
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        if name not in self:
            raise AttributeError(name)
        self.pop(name)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a datum or fact."""
        return name in self._data or name in self._metainfo

    def __iter__(self) -> Iterator[str]:
        """Names of the data."""
        return iter(self._data)

    def get(self, name: str, default: Any = None) -> Any:
        """A datum or fact, or the default."""
        return self._data.get(name, self._metainfo.get(name, default))

    def pop(self, name: str, *default: Any) -> Any:
        """Take a datum or fact out."""
        return self._metainfo.pop(name) if name in self._metainfo else self._data.pop(name, *default)

    def keys(self) -> KeysView[str]:
        """Names of the data."""
        return self._data.keys()

    def values(self) -> ValuesView[Any]:
        """The data."""
        return self._data.values()

    def items(self) -> ItemsView[str, Any]:
        """Names and data."""
        return self._data.items()

    @property
    def metainfo(self) -> dict[str, Any]:
        """A copy of the facts."""
        return dict(self._metainfo)

    def to_dict(self) -> dict[str, Any]:
        """Data and facts in one dictionary, as metrics take them; elements within become dictionaries too."""
        both = {**self._data, **self._metainfo}
        return {name: value.to_dict() if isinstance(value, DataElement) else value for name, value in both.items()}

    def update(self, other: DataElement) -> DataElement:
        """Take over another's data and facts; returns the sample."""
        self.set_metainfo(other._metainfo)
        for name, value in other.items():
            self.set_field(value, name)
        return self

    def clone(self) -> Any:
        """A sample with the same data and facts."""
        return type(self)(metainfo=self._metainfo, **self._data)

    def __repr__(self) -> str:
        """Data, then facts."""
        both = [*self._data.items(), *self._metainfo.items()]
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in both)})"

    def __eq__(self, other: object) -> bool:
        """Samples are themselves alone: comparing tensors gives tensors."""
        return self is other

    __hash__ = object.__hash__


class DataSample(DataElement):
    """A sample of classification or retrieval.

    `set_gt_label`, `set_gt_score`, `set_pred_label`, `set_pred_score` and `set_mask` return the sample, so that they
    chain. A label is kept as whole numbers `(L,)`, since a sample may have several; a score as `(C,)`. Numbers and
    lists become numpy arrays, which no framework owns; a framework's tensor stays one.

    Source: MMPretrain, `DataSample`.

    Example:
        >>> sample = DataSample().set_gt_label(3).set_pred_score([0.25, 0.75])
        >>> sample.gt_label, sample.num_classes
        (array([3]), 2)
    """

    def set_gt_label(self, value: Any) -> DataSample:
        """Set the true label or labels.

        Raises:
            OptionError: It is no number, list, array or tensor.
            InputError: It has more than one axis.
        """
        return self._set("gt_label", format_label(value))

    def set_pred_label(self, value: Any) -> DataSample:
        """Set the predicted label or labels; errors as of `set_gt_label`."""
        return self._set("pred_label", format_label(value))

    def set_gt_score(self, value: Any) -> DataSample:
        """Set how much each class is true: a soft, one-hot or multi-hot label.

        Raises:
            OptionError: It is no list, array or tensor.
            InputError: It has not one axis, or not as many entries as there are classes.
        """
        return self._set_score("gt_score", value)

    def set_pred_score(self, value: Any) -> DataSample:
        """Set the predicted score of each class; errors as of `set_gt_score`."""
        return self._set_score("pred_score", value)

    def set_mask(self, value: Any) -> DataSample:
        """Set which patches are hidden.

        Raises:
            OptionError: It is no array or tensor.
        """
        return self._set("mask", value if is_tensor(value) else _array(value, "mask"))

    def _set(self, name: str, value: Any) -> DataSample:
        self.set_field(value, name)
        return self

    def _set_score(self, name: str, value: Any) -> DataSample:
        score = format_score(value)
        known = self.get("num_classes")
        if known is not None and score.shape[0] != known:
            message = f"The length of score {score.shape[0]} should be equal to the num_classes {known}."
            raise InputError(message)
        self.set_field(score, name)
        if known is None:
            self.set_field(score.shape[0], "num_classes", field_type="metainfo")
        return self


class MultiTaskDataSample(DataElement):
    """A sample with a `DataSample` for each task.

    Example:
        >>> sample = MultiTaskDataSample(colour=DataSample().set_gt_label(1))
        >>> sample.tasks
        ('colour',)
    """

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks that the sample has data for."""
        return tuple(self.keys())


def check_samples(owner: str, samples: Any) -> None:
    """Refuse what is given as `data_samples` and is no list of samples: labels alone, say.

    Args:
        owner: Whose message it is.
        samples: A list of samples, each of which may be `None`; or `None` for no list.

    Raises:
        InputError: It is anything else.

    Example:
        >>> check_samples("LinearClsHead", [DataSample().set_gt_label(3), None])
        >>> try:
        ...     check_samples("LinearClsHead", [3, 1])
        ... except polynet.errors.InputError as error:
        ...     print(str(error)[:75])
        LinearClsHead: data_samples are a list of DataSample, one for each input, s
    """
    given = _kind(samples)
    if isinstance(samples, Sequence) and not isinstance(samples, (str, bytes)):
        stranger = next((sample for sample in samples if not _is_sample(sample)), None)
        if stranger is None:
            return
        given = f"{given} of {type(stranger).__name__}"
    elif samples is None:
        return
    message = (
        f"{owner}: data_samples are a list of DataSample, one for each input, such as [DataSample().set_gt_label(3)] "
        f"from polynet.data.data_sample; not {given}."
    )
    raise InputError(message)


def _is_sample(value: Any) -> bool:
    """Whether a value can be asked for fields as samples can, whichever library's it is."""
    return value is None or (hasattr(value, "keys") and not isinstance(value, Mapping))


def _kind(value: Any) -> str:
    """What a value is, and how large."""
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + ("" if shape is None else f" of shape {tuple(shape)}")


def format_label(value: Any) -> Any:
    """Labels as whole numbers `(L,)`.

    Raises:
        OptionError: It is no number, list, array or tensor of whole numbers.
        InputError: It has more than one axis.

    Example:
        >>> format_label(3)
        array([3])
    """
    if is_tensor(value):
        return ops.cast(_one_axis(value), "int64")
    if isinstance(value, (np.ndarray, Sequence)) and not isinstance(value, (str, bytes)):
        array = _one_axis(_array(value, "label"))
        if array.size and array.dtype.kind not in "iub":
            message = f"A label is a whole number; the array is of {array.dtype}."
            raise OptionError(message)
        return array.astype(np.int64)
    try:
        return np.asarray([operator.index(value)], np.int64)
    except TypeError as error:
        message = f"Type {type(value)} is not an available label type."
        raise OptionError(message) from error


def format_score(value: Any) -> Any:
    """Scores as floating-point numbers `(C,)`.

    Raises:
        OptionError: It is no list, array or tensor of numbers.
        InputError: It has not one axis.

    Example:
        >>> format_score([0, 1]).dtype
        dtype('float32')
    """
    if is_tensor(value):
        return _one_axis(value)
    if isinstance(value, (np.ndarray, Sequence)) and not isinstance(value, (str, bytes)):
        return _one_axis(_array(value, "score")).astype(np.float32)
    message = f"Type {type(value)} is not an available score type."
    raise OptionError(message)


def _array(value: Any, what: str) -> np.ndarray[Any, Any]:
    try:
        array = np.asarray(value)
    except ValueError as error:
        message = f"A {what} is a list of numbers, not {value!r:.60}."
        raise OptionError(message) from error
    if array.dtype.kind not in "iufb":
        message = f"A {what} is a list of numbers, not {value!r:.60}."
        raise OptionError(message)
    return array


def _one_axis(value: Any) -> Any:
    if value.ndim != 1:
        message = f"The dims of value should be 1, but got {value.ndim}."
        raise InputError(message)
    return value


def as_tensor(value: Any, like: Tensor, dtype: str | None = None) -> Tensor:
    """A label, score or mask as a tensor beside another one.

    Example:
        >>> as_tensor(np.array([1.0], np.float32), like=ops.zeros(1)).tolist()
        [1.0]
    """
    if is_tensor(value):
        return value if dtype is None else ops.cast(value, dtype)
    return ops.tensor(value, dtype=dtype, like=like)
