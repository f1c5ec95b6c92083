"""The tensor without numbers: a shape and an element type, and what follows from them under an operator."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from polynet.errors import FrameworkMismatchError, InputError, UnsupportedError, suggest
from polynet_shapes import dtypes
from polynet_shapes.indexing import indexed
from polynet_shapes.products import product_shape
from polynet_shapes.rules import Shape, as_ints, broadcast, inferred, product


class ShapeTensor:
    """A tensor that knows its shape and dtype alone.

    Args:
        shape: Its lengths.
        dtype: Neutral name of the element type.

    Attributes:
        shape: Its lengths.
        dtype: Neutral name of the element type.
        requires_grad: Always `False`: there is nothing to differentiate.

    Example:
        >>> (ShapeTensor((2, 3)) + ShapeTensor((3,), "int64")).shape
        (2, 3)
    """

    __slots__ = ("dtype", "requires_grad", "shape")

    device = "meta"

    def __init__(self, shape: Shape, dtype: str = dtypes.DEFAULT) -> None:
        self.shape = shape
        self.dtype = dtype
        self.requires_grad = False

    def __repr__(self) -> str:
        """Show dtype and shape."""
        return f"{type(self).__name__}({list(self.shape)}, {self.dtype})"

    def __getattr__(self, name: str) -> Any:
        """Say what to use instead of a method that tensors of some framework have."""
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        if not name.startswith("_"):
            from polynet import ops

            known = f"polynet.ops.{name}(x, …)" if name in ops.__all__ else "those of polynet.ops"
            message += (
                f". Tensors' own methods differ between frameworks; a neutral network uses functions instead, {known}."
                f"{'' if name in ops.__all__ else suggest(name, ops.__all__)}"
            )
        raise AttributeError(message)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def elements(self) -> int:
        """Number of elements."""
        return product(self.shape)

    def like(self, shape: Shape) -> ShapeTensor:
        """A plain tensor of this dtype and another shape."""
        return ShapeTensor(shape, self.dtype)

    def reshape(self, *shape: Any) -> ShapeTensor:
        """The same elements in another shape; one length may be -1."""
        sizes = shape[0] if len(shape) == 1 else shape
        return self.like(inferred("reshape", self.elements, as_ints(sizes, "reshape", "shape")))

    def __matmul__(self, other: Any) -> ShapeTensor:
        """The matrix product over the last two axes; the axes before them broadcast."""
        if not isinstance(other, ShapeTensor):
            return NotImplemented
        dtypes.check_same("matmul", self.dtype, other.dtype)
        return self.like(product_shape("matmul", self.shape, other.shape))

    def __len__(self) -> int:
        """Length of the first axis."""
        if not self.shape:
            message = "A tensor without axes has no length."
            raise InputError(message)
        return self.shape[0]

    def __iter__(self) -> Iterator[ShapeTensor]:
        """Slices along the first axis."""
        return iter([self.like(self.shape[1:])] * len(self))

    def __getitem__(self, key: Any) -> ShapeTensor:
        """The part selected by whole numbers, slices, `None`, `...` and index tensors, as torch indexes."""
        return self.like(indexed(self.shape, key))

    def __hash__(self) -> int:
        """By identity: `==` compares element by element."""
        return id(self)

    def _refuse_numbers(self, *arguments: object, **options: object) -> NoReturn:
        """Refuse what would need numbers."""
        message = (
            f"{self!r} has no numbers: the backend 'shapes' works out shapes alone. What needs numbers (printing, "
            f"branching on values, leaving for numpy) needs a framework."
        )
        raise UnsupportedError(message)

    __bool__ = __int__ = __float__ = __index__ = __array__ = item = tolist = numpy = _refuse_numbers


class ShapeParameter(ShapeTensor):
    """A trainable tensor without numbers."""

    __slots__ = ()

    def __init__(self, shape: Shape, dtype: str = dtypes.DEFAULT, requires_grad: bool = True) -> None:
        super().__init__(shape, dtype)
        self.requires_grad = requires_grad

    def requires_grad_(self, requires_grad: bool = True) -> ShapeParameter:
        """Set whether it is to be trained."""
        self.requires_grad = requires_grad
        return self


def is_number(value: object) -> bool:
    """Whether an operand is a real number of Python or numpy."""
    return isinstance(value, (int, float, numbers.Real))


def promoted(operation: str, *operands: Any) -> str:
    """Element type of an operation on tensors and numbers.

    Raises:
        FrameworkMismatchError: An operand is neither.
    """
    with_axes: list[str] = []
    scalars: list[str] = []
    plain: list[str] = []
    for operand in operands:
        if isinstance(operand, ShapeTensor):
            (with_axes if operand.shape else scalars).append(operand.dtype)
        elif is_number(operand):
            plain.append(dtypes.number_dtype(operand))
        else:
            message = f"{operation} needs shape-only tensors or numbers, not {type(operand).__name__}."
            raise FrameworkMismatchError(message)
    return dtypes.result_dtype(with_axes, scalars, plain)


def elementwise(operation: str, *operands: Any, result: Callable[[str], str] | str | None = None) -> ShapeTensor:
    """What an element-by-element operation gives: the broadcast shape and the promoted type.

    Args:
        operation: What to call it in messages.
        *operands: Tensors and numbers.
        result: What becomes of the promoted type: a function of it, or another type altogether.

    Raises:
        InputError: The shapes do not broadcast.
        FrameworkMismatchError: An operand is neither tensor nor number.
    """
    dtype = promoted(operation, *operands)
    if result is not None:
        dtype = result if isinstance(result, str) else result(dtype)
    shapes = [operand.shape for operand in operands if isinstance(operand, ShapeTensor)]
    return ShapeTensor(broadcast(operation, *shapes) if shapes else (), dtype)


def _binary(operation: str, result: Callable[[str], str] | str | None = None) -> Callable[[Any, Any], Any]:
    def method(self: ShapeTensor, other: Any) -> Any:
        if not isinstance(other, ShapeTensor) and not is_number(other):
            return NotImplemented
        return elementwise(operation, self, other, result=result)

    return method


def _unary(operation: str) -> Callable[[Any], ShapeTensor]:
    def method(self: ShapeTensor) -> ShapeTensor:
        return elementwise(operation, self)

    return method


_ARITHMETIC: dict[str, Callable[[str], str] | None] = {
    "add": None,
    "sub": None,
    "mul": None,
    "truediv": dtypes.floating,
    "floordiv": None,
    "mod": None,
    "pow": None,
    "and": None,
    "or": None,
    "xor": None,
}
_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**"}

for _name, _result in _ARITHMETIC.items():
    for _prefix in ("__", "__r"):
        setattr(ShapeTensor, f"{_prefix}{_name}__", _binary(_SYMBOLS.get(_name, _name), _result))
for _name, _symbol in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
    setattr(ShapeTensor, f"__{_name}__", _binary(_symbol, "bool"))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(ShapeTensor, f"__{_name}__", _unary(_name))
