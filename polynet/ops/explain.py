"""What to say when a framework refused an operation: one PolyNet error, whichever framework it was.

Nothing here runs while operations succeed, but for the wrapper that `explained` puts around each (about 0.1 µs). When
one fails, the same call is worked out without numbers, by the backend `shapes`: its checks say what did not fit, in the
same words for every framework. What they let pass, a label out of range for one, is told in the framework's words.
"""

from __future__ import annotations

import functools
import inspect
import re
import reprlib
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from polynet.backend import active_backend, get_backend, loaded_backends, use_backend
from polynet.errors import (
    BackendUnavailableError,
    FrameworkMismatchError,
    InputError,
    InputIndexError,
    OptionError,
    PolyNetError,
    UnsupportedError,
)
from polynet.ops.generator import Generator
from polynet.seam import Backend

P = ParamSpec("P")
R = TypeVar("R")

REFUSALS = frozenset(
    {
        ArithmeticError,
        AssertionError,
        AttributeError,
        IndexError,
        KeyError,
        NotImplementedError,
        OverflowError,
        RuntimeError,
        SystemError,
        TypeError,
        ValueError,
        ZeroDivisionError,
    }
)
"""What frameworks raise at input they cannot use. Types derived from these, such as those for running out of memory or
those that compilers raise for themselves, say something else."""

_CIRCUMSTANCES = re.compile(r"(out of|enough|allocate) memory|CUDA|cuDNN|cublas", re.IGNORECASE)
_OUT_OF_RANGE = re.compile(r"out of (range|bounds)|Class values must be", re.IGNORECASE)
_NUMBERS = ("float", "int", "bool", "Scalar")
_LONGEST = 300


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """Make an operation raise PolyNet's errors where a framework refuses its arguments; used as a decorator.

    Example:
        >>> try:
        ...     ops.softmax(ops.zeros((2, 3)), dim=2)
        ... except polynet.errors.InputIndexError as error:
        ...     print(error)
        softmax: there is no axis 2 in a tensor of 2 axes; allowed: -2 to 1.
    """

    @functools.wraps(function)
    def operation(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            # A call without keywords is made without unpacking them, which takes a third of the wrapper's time.
            return function(*arguments, **options) if options else function(*arguments)  # type: ignore[call-arg] # none
        except Exception as error:
            explain(function, arguments, options, error)
            raise

    return operation


def explain(
    function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any], error: Exception
) -> None:
    """Raise the PolyNet error that says why an operation failed; return where the error given is to stand.

    Args:
        function: The operation, without its decorator.
        arguments: Its positional arguments.
        options: Its keyword arguments.
        error: What it raised; the cause of the error raised here. PolyNet's own errors have the operation's name put in
            front, if they do not begin with it.

    Raises:
        OptionError: The call does not fit the operation's signature, or an option is of the wrong kind.
        FrameworkMismatchError: An argument is not a tensor of the framework at work.
        InputIndexError: An index or label is out of range.
        UnsupportedError: The framework has not implemented it.
        InputError: Anything else was refused.

    Example:
        >>> explain(ops.relu, (ops.zeros(2),), {}, MemoryError())
    """
    refused = isinstance(error, (InputError, OptionError, FrameworkMismatchError))
    if isinstance(error, PolyNetError):
        _name_operation(function, error)
    if not refused and (type(error) not in REFUSALS or _CIRCUMSTANCES.search(str(error))):
        return
    if isinstance(error, TypeError) and not refused:
        _explain_signature(function, arguments, options, error)
    tensors = list(_tensors((*arguments, *options.values())))
    backend = tensors[0][1] if tensors else _active()
    # Compilers read the errors of what they record, and a tensor they record has no shape to be told.
    if backend is not None and (backend.is_tracing() or any(_lengths(tensor) is None for tensor, _ in tensors)):
        return
    bound = inspect.signature(function).bind(*arguments, **options).arguments
    explanation = _mistaken(function, bound, backend) or _refusal_by_shapes(function, arguments, options)
    if not refused:
        raise explanation or _told(function, arguments, options, backend, error) from error
    # A backend's own check may be of another class than that of the others.
    if explanation is not None and type(explanation) is not type(error):
        raise explanation from error


def _name_operation(function: Callable[..., Any], error: PolyNetError) -> None:
    name = function.__name__
    if len(error.args) == 1 and not re.match(rf"(ops\.)?{name}\b", str(error)):
        error.args = (f"{name}: {error}",)


def _explain_signature(
    function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any], error: TypeError
) -> None:
    # Neutral layers are made of operations, so they are not imported before operations are defined.
    from polynet.nn.explain import explain_call

    explain_call(function, arguments, options, error)


def _tensors(values: Any) -> Iterator[tuple[Any, Backend]]:
    """Every native tensor among values, in lists and tuples too, and the backend it belongs to."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _tensors(value)
        else:
            backend = _backend_of_tensor(value)
            if backend is not None:
                yield value, backend


def _backend_of_tensor(value: Any) -> Backend | None:
    return next((backend for backend in loaded_backends() if isinstance(value, backend.tensor_types)), None)


def _active() -> Backend | None:
    try:
        return active_backend()
    except BackendUnavailableError:
        return None


def _lengths(tensor: Any) -> tuple[int, ...] | None:
    """A tensor's shape; `None` for the stand-in of a tracer, which has none yet."""
    shape = getattr(tensor, "shape", None)
    return tuple(shape) if isinstance(shape, tuple) else None


def _mistaken(function: Callable[..., Any], bound: dict[str, Any], backend: Backend | None) -> PolyNetError | None:
    """The error for an argument that has to be a tensor of the backend, or a number, and is none."""
    parameters = inspect.signature(function).parameters
    for name, value in bound.items():
        annotation = str(parameters[name].annotation)
        if annotation.removesuffix(" | None") in _NUMBERS and isinstance(value, (str, list, tuple, dict, set)):
            return OptionError(f"{function.__name__}: {name} must be a number, not {reprlib.repr(value)}.")
        several = annotation.startswith("Sequence[Tensor") or parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
        for each in value if several and isinstance(value, (list, tuple)) else (value,):
            found = _backend_of_tensor(each)
            stranger = found is not None and found is not backend
            if stranger or (found is None and "Tensor" in annotation and not _may_be(each, annotation)):
                framework = f"{backend.name} " if backend is not None else ""
                return FrameworkMismatchError(
                    f"{function.__name__}: {name} must be a {framework}tensor, not "
                    f"{type(each).__module__}.{type(each).__qualname__}. Make one with polynet.ops.tensor(…)."
                )
    return None


def _may_be(value: Any, annotation: str) -> bool:
    """Whether what is no tensor may stand where a tensor, or something else, is wanted."""
    if value is None:
        return "None" in annotation
    return isinstance(value, (int, float)) and "Scalar" in annotation


def _refusal_by_shapes(
    function: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> PolyNetError | None:
    """What the backend without numbers says to the same call; `None` where it finds nothing wrong, or cannot tell."""
    try:
        with use_backend("shapes"):
            stand_ins = {name: _without_numbers(value) for name, value in options.items()}
            function(*map(_without_numbers, arguments), **stand_ins)
    except (InputError, OptionError) as refusal:
        _name_operation(function, refusal)
        refusal.__context__ = None  # only its words are wanted: the framework's error is the cause
        return refusal
    except Exception:  # noqa: BLE001 - whatever else goes wrong here is no reason for the framework's refusal
        return None
    return None


def _without_numbers(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_without_numbers, value)) if type(value) in (list, tuple) else value
    if isinstance(value, Generator):
        return None  # its numbers are not to be used up
    backend = _backend_of_tensor(value)
    if backend is None:
        return value
    return get_backend("shapes").ops.zeros(_lengths(value), dtype=backend.ops.dtype_name(value))


def _told(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    backend: Backend | None,
    error: Exception,
) -> PolyNetError:
    """What the framework said, and to which call."""
    given = [*map(_shown, arguments), *(f"{name}={_shown(value)}" for name, value in options.items())]
    said = (str(error).strip() or type(error).__name__).splitlines()[0][:_LONGEST]
    by = f" by {backend.name}" if backend is not None else ""
    message = f"{function.__name__}({', '.join(given)}) was refused{by}: {said}"
    return _kind(error)(message)


def _kind(error: Exception) -> type[PolyNetError]:
    if isinstance(error, IndexError) or _OUT_OF_RANGE.search(str(error)):
        return InputIndexError
    if isinstance(error, NotImplementedError):
        return UnsupportedError
    return OptionError if isinstance(error, TypeError) else InputError


def _shown(value: Any) -> str:
    """A value for a message: tensors by type and shape, never by their numbers."""
    if isinstance(value, list) and any(True for _ in _tensors(value)):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, tuple) and any(True for _ in _tensors(value)):
        return f"({', '.join(map(_shown, value))})"
    backend = _backend_of_tensor(value)
    if backend is not None:
        return f"{backend.ops.dtype_name(value)}{list(_lengths(value) or ())}"
    plain = isinstance(value, (int, float, str, tuple, list, type(None)))
    return reprlib.repr(value) if plain else type(value).__qualname__
