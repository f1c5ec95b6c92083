"""What a `.py` config imports or defines: noted down by name, and neither imported nor executed."""

from __future__ import annotations

import ast
import math
from typing import Any, NoReturn, TypeGuard

from polynet.config.python_operations import Refused
from polynet.config.references import ClassReference

_CONSTANTS_OF_MODULES = {"math": {"inf": math.inf, "nan": math.nan, "pi": math.pi, "e": math.e, "tau": math.tau}}

OPENMMLAB = ("mmcls", "mmcv", "mmengine", "mmpretrain")
"""Packages that say of a config which imports from them that it is one of MMEngine's lazily imported ones."""

_NAMED_PACKAGES = (*OPENMMLAB, "torch")

_PARTS = ("mmpretrain.models.", "mmcls.models.", "mmcv.cnn.", "torch.nn.")
"""Where the classes come from that models are made of; a config's parts are called by the names of these classes."""

_RULES = tuple(f"{rule}Init" for rule in ("Constant", "Xavier", "Normal", "TruncNormal", "Uniform", "Kaiming"))
_RULES += ("Caffe2XavierInit", "PretrainedInit")

_MMCV_NAMES = {
    "BatchNorm1d": "BN1d",
    "BatchNorm2d": "BN2d",
    "BatchNorm3d": "BN3d",
    "GroupNorm": "GN",
    "Hardswish": "HSwish",
    "InstanceNorm2d": "IN2d",
    "LayerNorm": "LN",
    "SyncBatchNorm": "SyncBN",
}
"""Torch's layers that mmcv, and with it every builder of layers from configs, calls by other names."""


class Imported:
    """A module or name that a config file imports; it is noted down, not imported."""

    def __init__(self, module: str, name: str | None) -> None:
        self.module = module
        self.name = name

    def attribute(self, name: str) -> Imported:
        """What an attribute of it would be."""
        return type(self)(self.module, name if self.name is None else f"{self.name}.{name}")

    def value(self) -> Any:
        """What it stands for in the config: a constant of `math`, or a reference to a class."""
        constants = _CONSTANTS_OF_MODULES.get(self.module, {})
        if self.name in constants:
            return constants[self.name]
        if self.name is None:
            message = f"the module {self.module} is no value; a config may name a class in it"
            raise Refused(message)
        return ClassReference(f"{self.module}:{self.name}")


class LazilyImported(Imported):
    """What a config of MMEngine's imports: a class of torch's or of OpenMMLab's libraries stands for its name."""

    def value(self) -> Any:
        """The name that configs call it by; a reference to what comes from anywhere else."""
        if self.name is None or self.module.partition(".")[0] not in _NAMED_PACKAGES:
            return super().value()
        return registered_as(f"{self.module}.{self.name}")


class Defined:
    """A class or function that a config file defines, and whose body is never read; or what it cannot import.

    Args:
        name: Its name.
        reason: Why it is no value; a class of the file by default.
    """

    def __init__(self, name: str, reason: str = "") -> None:
        self.name = name
        self.reason = reason or (
            f"{name} is defined in a config file, which is not executed; define it in a module and import it here"
        )

    def value(self) -> NoReturn:
        """Refuse: it does not exist, since the file is not executed."""
        raise Refused(self.reason)


def registered_as(path: str) -> str:
    """How configs call a class of torch's or of OpenMMLab's libraries, given its full name.

    Parts of models and rules of initialisation go by the name they are registered under, so that a config with imported
    classes says the same as one with names. Anything else, such as a data set or an optimiser, keeps its full name.

    Example:
        >>> registered_as("mmpretrain.models.backbones.resnet.ResNet"), registered_as("mmengine.model.KaimingInit")
        ('ResNet', 'Kaiming')
        >>> registered_as("torch.nn.BatchNorm2d"), registered_as("torch.optim.AdamW")
        ('BN2d', 'torch.optim.AdamW')
    """
    name = path.rpartition(".")[2]
    if path.startswith("mmengine.model.") and name in _RULES:
        return name.removesuffix("Init")
    if path.startswith("torch.nn."):
        return _MMCV_NAMES.get(name, name)
    return name if path.startswith(_PARTS) else path


def is_read_base(node: ast.AST) -> TypeGuard[ast.With]:
    """Whether a statement is MMEngine's `with read_base():`."""
    if not isinstance(node, ast.With) or len(node.items) != 1 or node.items[0].optional_vars is not None:
        return False
    call = node.items[0].context_expr
    if not isinstance(call, ast.Call) or call.args or call.keywords:
        return False
    return isinstance(call.func, ast.Name) and call.func.id == "read_base"


def is_lazily_imported(tree: ast.Module) -> bool:
    """Whether a file is one of MMEngine's lazily imported configs, by what it imports."""
    return any(is_read_base(node) or _imports_openmmlab(node) for node in tree.body)


def _imports_openmmlab(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return not node.level and (node.module or "").partition(".")[0] in OPENMMLAB
    return isinstance(node, ast.Import) and any(alias.name.partition(".")[0] in OPENMMLAB for alias in node.names)
