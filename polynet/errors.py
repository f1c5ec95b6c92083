"""Every error PolyNet raises: one hierarchy, each class also the builtin that a caller would catch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import PurePath


class PolyNetError(Exception):
    """Base of all errors raised by PolyNet.

    Attributes:
        config_path: Where in a config the fault lies, outermost key first, for errors of building; else empty.
    """

    config_path: tuple[str, ...] = ()

    def within(self, *keys: str) -> None:
        """Note that the fault lies under these keys of an enclosing config."""
        self.config_path = (*keys, *self.config_path)

    def __str__(self) -> str:
        """Return the message itself, where in the config before it; `KeyError` would print its `repr`."""
        message = str(self.args[0]) if len(self.args) == 1 else super().__str__()
        return f"{'.'.join(self.config_path)}: {message}" if self.config_path else message


class ConfigError(PolyNetError, ValueError):
    """A config has a wrong value, shape or file."""


class ConfigTypeError(ConfigError, TypeError):
    """A config, or a value in it, has the wrong type."""


class ConfigKeyError(ConfigError, KeyError, AttributeError):
    """A config has no such key, or a key that is not allowed."""


class ConfigFileError(ConfigError, OSError):
    """A config file is missing or unreadable."""


class ComponentError(ConfigError):
    """A component's constructor failed; the cause is chained."""


class UnknownNameError(PolyNetError, KeyError, ValueError):
    """A name is not registered."""


class UnknownAttributeError(UnknownNameError, AttributeError):
    """A module has no function or class of this name."""


class DuplicateNameError(PolyNetError, KeyError, ValueError):
    """A name is already taken by another class."""


class OptionError(PolyNetError, TypeError, ValueError):
    """A constructor was given an option it does not have, or a value it cannot use."""


class ModeError(OptionError, RuntimeError):
    """An object is asked for what it does not have: another mode, a part it was built without."""


class OptionIndexError(OptionError, IndexError):
    """An option is an index that lies outside what it indexes."""


class BackendError(PolyNetError, RuntimeError):
    """A backend cannot do what was asked."""


class BackendUnavailableError(BackendError, ImportError):
    """A backend is unknown, not installed, or not importable here."""


class BackendThreadError(BackendError):
    """A backend was used from a thread or process in which its framework cannot work."""


class UnsupportedError(BackendError, NotImplementedError):
    """A layer, operation or option does not exist on this backend; the message says why."""


class DistributedError(BackendError):
    """A process of a distributed run is lost, did not come in time, or stands at no place of the run."""


class DeviceError(PolyNetError, ValueError):
    """A device is misspelt or not present."""


class FrameworkMismatchError(PolyNetError, TypeError):
    """A tensor or module of one framework was given where another's is needed."""


class InputError(PolyNetError, ValueError):
    """An input has the wrong shape, type or range."""


class InputTypeError(InputError, TypeError):
    """An input is of another type than is taken: a batch that is a string, a loss that is no tensor."""


class InputKeyError(InputError, KeyError):
    """A batch, or what a network gave, has no entry of the name that is asked for."""


class InputIndexError(InputError, IndexError):
    """An index or label lies outside what it indexes."""


class NonFiniteLossError(PolyNetError, ArithmeticError):
    """A loss, or the norm of its gradients, is not finite, so that training with it would destroy the weights."""


class LossShapeError(InputError, AssertionError):
    """A prediction and a target do not have the shapes that a loss compares; OpenMMLab's losses assert it."""


class ReductionError(OptionError, AssertionError):
    """There is no such reduction of a loss; OpenMMLab's losses assert it."""


class DatasetError(PolyNetError, ValueError):
    """A data set's files are damaged, or it holds nothing."""


class DatasetNotFoundError(DatasetError, FileNotFoundError):
    """There is no data set at this path; the message says how to get it."""


class SampleError(DatasetError, RuntimeError):
    """One sample of a data set cannot be read or transformed; the message names it, the cause is chained."""


class LoaderError(PolyNetError, RuntimeError):
    """Loading in worker processes ended: a worker died, or gave nothing in time."""


class ConflictingOptionsError(OptionError, AssertionError):
    """Options that are each allowed do not go together; OpenMMLab's preprocessors assert it."""


class VocabularyError(PolyNetError, ValueError):
    """A file that says which tokens there are is damaged, or is none."""


class VocabularyNotFoundError(VocabularyError, FileNotFoundError):
    """There is no vocabulary at this path."""


class WeightsError(PolyNetError, ValueError):
    """Weights do not fit the network they are loaded into."""


class CheckpointError(WeightsError):
    """A checkpoint file is damaged, truncated or of an unknown format."""


class UnsafeCheckpointError(CheckpointError):
    """A checkpoint would run code when read; it was refused unread."""


class CheckpointVersionError(CheckpointError):
    """A checkpoint is whole, but a later version of PolyNet wrote it, in a format that this one does not know."""


class CheckpointNotFoundError(CheckpointError, FileNotFoundError):
    """There is no checkpoint at this path."""


class WeightsUnavailableError(CheckpointError, OSError):
    """Published weights cannot be had here; the message says what was tried, and how to get them by hand."""


class ParityError(PolyNetError, AssertionError):
    """Two builds that must agree do not."""


def unknown_attribute(module: str, name: str, allowed: Iterable[str]) -> AttributeError:
    """Return what a module's `__getattr__` raises: the nearest names for a misspelt one.

    Args:
        module: The module's name.
        name: What was asked of it.
        allowed: Its public names.

    Returns:
        `UnknownAttributeError`; a plain `AttributeError` for a name with a leading underscore, which tools ask for.

    Example:
        >>> unknown_attribute("polynet.ops", "rellu", ["relu", "elu"])
        UnknownAttributeError("module 'polynet.ops' has no attribute 'rellu'. Did you mean 'relu' or 'elu'?")
    """
    message = f"module {module!r} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(message)
    return UnknownAttributeError(f"{message}.{suggest(name, allowed)}")


def suggest(name: object, allowed: Iterable[object], *, limit: int = 3) -> str:
    """Say which allowed names lie nearest to a wrong one, as the end of an error message.

    Args:
        name: What was given.
        allowed: The valid names.
        limit: The most names to offer.

    Returns:
        `" Did you mean 'a' or 'b'?"`, with a leading space, or `""` where nothing is near.

    Example:
        >>> suggest("resnt18", ["resnet18", "vgg11"])
        " Did you mean 'resnet18'?"
    """
    by_folded = {str(candidate).casefold(): str(candidate) for candidate in allowed}
    near = difflib.get_close_matches(str(name).casefold(), by_folded, n=limit, cutoff=0.6)
    if not near:
        return ""
    return f" Did you mean {' or '.join(repr(by_folded[key]) for key in near)}?"


def suggest_file(name: str, present: Iterable[str]) -> str:
    """Say which files of a folder have nearly the name of one that is not there, as the end of an error message.

    Unlike words, files have names that are all somewhat alike, by their suffixes at least, so only what comes before
    the suffix counts, and it must be nearer.

    Args:
        name: The file's name.
        present: Names of the files that are there.

    Returns:
        As `suggest`.

    Example:
        >>> suggest_file("nope.pth", ["lie.pth"]), suggest_file("resnet18.pt", ["resnet18.pth", "other.pt"])
        ('', " Did you mean 'resnet18.pth'?")
    """
    files = list(present)
    stems = {PurePath(file).stem.casefold() for file in files}
    near = difflib.get_close_matches(PurePath(name).stem.casefold(), stems, n=3, cutoff=0.75)
    return suggest(name, [file for file in files if PurePath(file).stem.casefold() in near])
