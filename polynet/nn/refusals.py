"""What to say when a framework refuses what a network or layer was called with: one PolyNet error that says where.

Nothing here runs while calls succeed, but for the `try` that `explaining` puts around each.
"""

from __future__ import annotations

import dis
import re
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

from polynet.backend import backend_of_class, find_backend
from polynet.errors import BackendThreadError, FrameworkMismatchError, InputError, InputIndexError, PolyNetError
from polynet.seam import Backend

REFUSALS = (
    TypeError,
    ValueError,
    RuntimeError,
    IndexError,
    AttributeError,
    AssertionError,
    ZeroDivisionError,
    NotImplementedError,
)
"""What frameworks raise at input they cannot use; types derived from these say something else, such as that memory
has run out."""

_CIRCUMSTANCES = re.compile(r"memory|CUDA|cuDNN|cublas", re.IGNORECASE)
_LACKING = re.compile(r"not implemented for|Could not run", re.IGNORECASE)
_OUT_OF_RANGE = re.compile(r"out of (range|bounds)", re.IGNORECASE)
_LONGEST = 300


_CALLS: set[CodeType] = set()


def explains(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a module's `__call__` as one that explains what was refused; used as a decorator."""
    _CALLS.add(function.__code__)
    return function


def is_explaining(function: Any) -> bool:
    """Whether a module's `__call__` explains what was refused."""
    return getattr(function, "__code__", None) in _CALLS


def explaining(native: type) -> Callable[..., Any]:
    """A `__call__` which calls that of a framework's class and explains what the framework refuses.

    Args:
        native: The class whose `__call__` does the work. It is looked up at each call, for tracers replace it.
    """

    @explains
    def __call__(self: Any, *arguments: Any, **options: Any) -> Any:  # noqa: N807 - it becomes one
        try:
            # A call without keywords is made without unpacking them, which takes a third of the wrapper's time.
            return native.__call__(self, *arguments, **options) if options else native.__call__(self, *arguments)
        except REFUSALS as error:
            explain_refusal(self, arguments, options, error)
            raise

    return __call__


def explain_refusal(module: Any, arguments: tuple[Any, ...], options: Mapping[str, Any], error: Exception) -> None:
    """Raise the PolyNet error that says what a framework refused, and where; return where the error is to stand.

    It stands where it is PolyNet's own, or of a derived type; where the user's own code raised it; and where the call
    is part of a larger network's, which will be the one to explain it.

    Args:
        module: The network or layer called.
        arguments: Its positional arguments.
        options: Its keyword arguments.
        error: What the call raised; the cause of the error raised here.

    Raises:
        BackendThreadError: The framework cannot work in this thread or process.
        FrameworkMismatchError: What refused was given something that is no tensor of its framework.
        InputIndexError: An index or label is out of range.
        InputError: Anything else did not fit.
    """
    if isinstance(error, PolyNetError) or type(error) not in REFUSALS or _is_within_another(sys._getframe(2)):
        return
    backend = find_backend(backend_of_class(type(module)) or "")
    _check_thread(backend, error)
    steps = list(_steps(error.__traceback__))
    # Compilers read the errors of what they record.
    if backend.is_tracing() or not _is_refusal(error, steps[-1], backend):
        return
    called = _flat(arguments, options)
    place = _innermost(steps, backend) or _Place(module, called)
    said = (str(error).strip() or type(error).__name__).splitlines()[0][:_LONGEST]
    where = _where(module, called, place, backend)
    if (stranger := _stranger(place, backend)) is not None:
        message = (
            f"{where} Make the {_kind(stranger)} a tensor of {backend.name}: polynet.ops.tensor(…) within "
            f"`with polynet.use_backend({backend.name!r}):`. {backend.name} says: {said}"
        )
        raise FrameworkMismatchError(message) from error
    out_of_range = type(error) is IndexError or _OUT_OF_RANGE.search(said)
    raise (InputIndexError if out_of_range else InputError)(f"{where} {backend.name} says: {said}") from error


class _Place(NamedTuple):
    """The module that refused, and the values it was given."""

    module: Any
    given: list[Any]


def _is_within_another(frame: FrameType | None) -> bool:
    """Whether a call that will be explained lies further out."""
    while frame is not None:
        if frame.f_code in _CALLS:
            return True
        frame = frame.f_back
    return False


def _check_thread(backend: Backend, error: Exception) -> None:
    try:
        backend.check_thread()
    except BackendThreadError as reason:
        raise reason from error


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_refusal(error: Exception, step: TracebackType, backend: Backend) -> bool:
    """Whether it was the framework that objected, and to a value: not the user's code, nor the machine."""
    if _CIRCUMSTANCES.search(str(error)):
        return False
    root = step.tb_frame.f_globals.get("__name__", "").partition(".")[0]
    in_framework = root in (backend.framework, "numpy", "polynet", f"polynet_{backend.name}")
    if isinstance(error, AttributeError):
        # An array, or another stranger, was used as a tensor; otherwise a name is misspelt somewhere.
        return error.obj is not None and _is_foreign(error.obj, backend, plain=in_framework)
    if type(error) is NotImplementedError and not _LACKING.search(str(error)):
        return False  # a method that somebody has yet to write
    # An operator has no Python code of its own: it fails within the user's, where no `raise` stands.
    instruction = dis.opname[step.tb_frame.f_code.co_code[step.tb_lasti]]
    return in_framework or (type(error) is RuntimeError and instruction.startswith(("BINARY", "INPLACE", "CALL")))


def _innermost(steps: Iterable[TracebackType], backend: Backend) -> _Place | None:
    """The module that was being called last, and with what, as far as frames tell."""
    place = None
    for step in steps:
        module = step.tb_frame.f_locals.get("self")
        if isinstance(module, backend.native_module_type) and (place is None or place.module is not module):
            place = _Place(module, _given(step.tb_frame))
    return place


def _given(frame: FrameType) -> list[Any]:
    """The arguments of a frame's function, but for `self`."""
    code, values = frame.f_code, frame.f_locals
    named = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    starred = code.co_varnames[code.co_argcount + code.co_kwonlyargcount :]
    positional = values.get(starred[0], ()) if code.co_flags & 0x04 else ()
    keyword = values.get(starred[1 if code.co_flags & 0x04 else 0], {}) if code.co_flags & 0x08 else {}
    return [*(values[name] for name in named if name in values), *_flat(positional, keyword)]


def _flat(arguments: Iterable[Any], options: Mapping[str, Any]) -> list[Any]:
    return [*arguments, *options.values()]


def _where(module: Any, called: list[Any], place: _Place, backend: Backend) -> str:
    """Which network refused which values, and which of its layers did."""
    shown = _listed(called, backend)
    if place.module is module:
        return f"{_one_line(module)} cannot be called with {shown}."
    path = next((name for name, each in module.named_modules() if each is place.module), "")
    layer = f"its layer {path!r}, {_one_line(place.module)}," if path else f"{_one_line(place.module)} within it"
    given = _listed(place.given, backend)
    return (
        f"{type(module).__name__} cannot be called with {shown}: {layer} refuses {'it' if given == shown else given}."
    )


def _one_line(module: Any) -> str:
    """A module as it prints itself; one with children by its class."""
    shown = repr(module)
    return type(module).__name__ if "\n" in shown or len(shown) > _LONGEST else shown


def _stranger(place: _Place, backend: Backend) -> Any:
    """A value that should have been a tensor of the framework; `None` where all are."""
    # What a user's own network takes beside tensors, its author knows; a framework's layer takes tensors first.
    is_layer = not hasattr(place.module, "_polynet_neutral")
    values = enumerate(place.given)
    return next((value for at, value in values if _is_foreign(value, backend, plain=is_layer and at == 0)), None)


def _is_foreign(value: Any, backend: Backend, *, plain: bool) -> bool:
    """Whether a value is an array, or something of another framework; or, where asked, a plain Python value."""
    if isinstance(value, (backend.native_module_type, *backend.tensor_types)):
        return False
    root = type(value).__module__.partition(".")[0]
    if root == "numpy" or backend_of_class(type(value)) not in (None, backend.name):
        return True
    return plain and root in ("builtins", "PIL") and value is not None


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _listed(values: Iterable[Any], backend: Backend) -> str:
    return ", ".join(_shown(value, backend) for value in values) or "nothing"


def _shown(value: Any, backend: Backend) -> str:
    """A value for a message: tensors and arrays by dtype and shape, never by their numbers."""
    if isinstance(value, (list, tuple)) and any(hasattr(each, "shape") for each in value):
        return f"({_listed(value, backend)})"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        native = isinstance(value, backend.tensor_types)
        kind = backend.ops.dtype_name(value) if native else f"a {_kind(value)} of shape"
        return f"{kind} {tuple(shape)}"
    plain = isinstance(value, (int, float, str, tuple, list, type(None)))
    return reprlib.repr(value) if plain else f"a {_kind(value)}"
