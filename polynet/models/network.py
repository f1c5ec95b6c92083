"""The contract of image networks: what all of them take, know and do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from polynet import nn, ops
from polynet.backend import active_backend
from polynet.errors import FrameworkMismatchError, InputError, OptionError, OptionIndexError
from polynet.models.blocks.activation import check_activation
from polynet.models.feature_info import ALL
from polynet.models.heads.plan import WIDTHS, HeadPlan, check_num_classes, has_no_classes, head_options
from polynet.models.network_face import NetworkFace
from polynet.models.stage import Stage
from polynet.nn.initialise import fill_slots
from polynet.nn.module import same_backend
from polynet.nn.recipe import Recipe
from polynet.types import Tensor

Name = str | Callable[..., Any] | None
"""How a part is chosen: by a registered name, by giving it, or by `None` for none."""

CLS_HEAD: Mapping[str, Any] = MappingProxyType({"name": "ClsHead"})


_FLOATING: set[Any] = set()
"""The frameworks' own floating-point dtypes that networks were given."""


class ImageNetwork(NetworkFace, nn.Module):
    """Base of networks that map images `(N, C, H, W)` to logits `(N, num_classes)`.

    A subclass takes, beside its own options, `head`, `num_classes`, `in_channels` and `out_indices`; it calls
    `super().__init__(in_channels)`, makes its layers, and then calls `complete`. Its stages run one after another, the
    module `stem` before them; where a stage is not a module called as the stage is named, it overrides `forward_stage`.

    Attributes:
        family: Name of the family it belongs to.
        recipe: Initial weights.
        input_size: `(C, H, W)` it is meant for.
        minimum_size: Least height and width it can work on, in pixels.
        fixed_size: The one height and width it can work on, where there is only one.
        default_head: Options of its own kind of head.
        stages: Where features can be taken, with channels and strides, in order.
        num_features: Channels of the last map.
        in_channels: Channels of the images.
        num_classes: Classes; 0 without a head.
        head: The head, or `None`.
        out_indices: The stages that `forward` returns, or `None`.
    """

    family: ClassVar[str] = ""
    recipe: Recipe = Recipe()
    input_size: tuple[int, int, int] = (3, 224, 224)
    minimum_size: int = 1
    fixed_size: tuple[int, int] | None = None
    default_head: ClassVar[Mapping[str, Any]] = CLS_HEAD

    stem: Any
    stages: tuple[Stage, ...]
    num_features: int
    in_channels: int
    num_classes: int
    head: Any
    out_indices: tuple[int, ...] | None

    def __init__(self, in_channels: int = 3) -> None:
        super().__init__()
        if isinstance(in_channels, bool) or not isinstance(in_channels, int) or in_channels < 1:
            message = f"in_channels must be a whole number of at least 1, not {in_channels!r}."
            raise OptionError(message)
        self.in_channels = in_channels
        self.input_size = (in_channels, *type(self).input_size[1:])
        self._backend = active_backend()
        self._tensor_type: Any = self._backend.tensor_types[0]

    def to_deploy(self) -> Any:
        """The network with its parallel branches merged, of those that have some: RepVGG, MobileOne and RepLKNet.

        Raises:
            OptionError: This network has none.
        """
        message = f"{type(self).__name__} has no parallel branches to merge; RepVGG, MobileOne and RepLKNet have."
        raise OptionError(message)

    def complete(
        self,
        stages: Sequence[Stage],
        *,
        head: Mapping[str, Any] | None,
        num_classes: int | None,
        out_indices: Sequence[int] | str | None = None,
        norm_name: Name = "BN",
        act_name: Name = "relu",
        head_width: int | None = None,
    ) -> None:
        """Record the stages and make the head; a subclass's constructor ends with it.

        Args:
            stages: Every stage, in the order in which they run.
            head: As the constructor was given it.
            num_classes: As the constructor was given it.
            out_indices: As the constructor was given it. With it there is no head.
            norm_name: Normalisation a head uses unless it says otherwise.
            act_name: Activation a head uses unless it says otherwise.
            head_width: Width of the features the head gets; the last stage's channels by default.

        Raises:
            OptionError: A head, a number of classes or an index that cannot be.
        """
        check_activation(act_name)
        self.stages = tuple(stages)
        self.num_features = self.stages[-1].channels
        self.out_indices = None if out_indices is None else self.stage_indices(out_indices)
        options = head_options(head, num_classes, self.default_head)
        if self.out_indices is not None and num_classes:
            message = (
                f"{type(self).__name__}: with out_indices it returns feature maps and has no classifier; "
                f"leave out num_classes={num_classes} or out_indices."
            )
            raise OptionError(message)
        width = self.num_features if head_width is None else head_width
        self._head_plan = HeadPlan(width, options or dict(self.default_head), norm_name, act_name)
        with_head = options is not None and self.out_indices is None and not has_no_classes(options)
        self.head = self._head_plan.build() if with_head else None
        self.num_classes = self._head_plan.num_classes() if with_head else 0

    def stage_indices(self, indices: Sequence[int] | str | None) -> tuple[int, ...]:
        """Stage numbers counted from the first, all of them by default.

        Args:
            indices: Stage numbers; negative ones count from the last. `"all"` for every stage.

        Raises:
            OptionError: Not a sequence of whole numbers, or none, or one twice.
            OptionIndexError: There is no such stage.
        """
        count = len(self.stages)
        if indices is None or indices == ALL:
            return tuple(range(count))
        given: list[Any] = (
            [indices] if isinstance(indices, int) else list(indices) if isinstance(indices, Sequence) else []
        )
        if not given or any(isinstance(index, bool) or not isinstance(index, int) for index in given):
            message = f"out_indices must be stage numbers such as (1, 2, 3), not {indices!r}."
            raise OptionError(message)
        wrong = [index for index in given if not -count <= index < count]
        if wrong:
            names = ", ".join(f"{index}: {stage.name}" for index, stage in enumerate(self.stages))
            message = (
                f"{type(self).__name__} has no stage {wrong[0]}; its stages are {names}, "
                f"so an index lies between {-count} and {count - 1}."
            )
            raise OptionIndexError(message)
        chosen = tuple(index % count for index in given)
        if len(set(chosen)) < len(chosen):
            message = f"out_indices names a stage twice: {indices!r} of {count} stages are {chosen}."
            raise OptionError(message)
        return chosen

    # Running

    def forward(self, x: Tensor) -> Any:
        """Logits `(N, num_classes)`; the last map without a head; a tuple of maps with `out_indices`.

        Raises:
            InputError: The images have a shape the network cannot work on.
            FrameworkMismatchError: `x` is no tensor of the network's framework.
        """
        if self.out_indices is not None:
            return self.forward_stages(x, self.out_indices)
        return self.forward_head(self.forward_features(x))

    def forward_features(self, x: Tensor) -> Tensor:
        """What the head is given: the last map, or the tokens of a transformer."""
        self.check_input(x)
        x = self.forward_stem(x)
        for index in range(len(self.stages)):
            x = self.forward_stage(index, x)
        return self.forward_final(x)

    def forward_stages(self, x: Tensor, indices: Sequence[int] | None = None) -> tuple[Tensor, ...]:
        """Feature maps `(N, channels, H / stride, W / stride)` of some stages, in the order asked for.

        Args:
            x: Images.
            indices: Stage numbers; `out_indices`, or else all, by default. Later stages do not run.
        """
        wanted = self.stage_indices(self.out_indices if indices is None else indices)
        self.check_input(x)
        x = self.forward_stem(x)
        maps: dict[int, Tensor] = {}
        for index in range(max(wanted) + 1):
            x = self.forward_stage(index, x)
            if index in wanted:
                maps[index] = self.stage_map(x)
        return tuple(maps[index] for index in wanted)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Any:
        """Logits of what `forward_features` returned; that itself without a head.

        Args:
            x: What `forward_features` returned.
            pre_logits: Return what the classifier is given instead of what it returns.

        Raises:
            OptionError: The head has no `pre_logits` method, so it cannot stop before its classifier.
            FrameworkMismatchError: `x` is no tensor of the network's framework.
        """
        if type(x) is not self._tensor_type:
            self._check_framework(x)
        if self.head is None:
            return x
        if not pre_logits:
            return self.head(x)
        method = getattr(self.head, "pre_logits", None)
        if method is None:
            message = f"The head {type(self.head).__name__} has no method pre_logits(x), so it gives logits alone."
            raise OptionError(message)
        return method(x)

    def forward_stem(self, x: Tensor) -> Tensor:
        """What runs before the first stage: the module `stem`."""
        return self.stem(x)

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One stage: the module called as the stage is named."""
        return getattr(self, self.stages[index].name)(x)

    def forward_final(self, x: Tensor) -> Tensor:
        """What runs between the last stage and the head."""
        return x

    def stage_map(self, x: Tensor) -> Tensor:
        """The feature map `(N, C, H, W)` of what a stage returned."""
        return x

    # Classifier

    def get_classifier(self) -> Any:
        """The layer whose outputs are the classes; the whole head where it does not say which; `None` without one."""
        path = getattr(self.head, "classifier_path", "")
        return _descend(self.head, path) if path else self.head

    def reset_classifier(self, num_classes: int, *, seed: int | None = None) -> None:
        """Give the network another number of classes, the new weights drawn by its recipe.

        The classifier alone is replaced where the head says which layer it is, else the head as a whole. A network
        without a head gets the one it was planned with.

        Args:
            num_classes: Classes; 0 takes the head away.
            seed: Seed of the new weights; a fresh one by default.

        Raises:
            OptionError: Not a number of classes, or the network returns stages.
        """
        check_num_classes(num_classes)
        if num_classes == 0:
            self.head = None
            self._note_classes(0)
            return
        if self.out_indices is not None:
            message = f"{type(self).__name__} returns the stages {self.out_indices}, so it can have no classifier."
            raise OptionError(message)
        path = getattr(self.head, "classifier_path", "")
        if path:
            old = _descend(self.head, path)
            new = self._new_part(lambda: nn.Linear(old.in_features, num_classes, bias=old.bias is not None))
            parent, _, leaf = path.rpartition(".")
            setattr(_descend(self.head, parent), leaf, new)
        else:
            self.head = self._new_part(lambda: self._head_plan.build(num_classes))
        self._note_classes(num_classes)
        self._draw("head." + path if path else "head", seed)

    def _note_classes(self, num_classes: int) -> None:
        """Keep the number of classes, also in the config that checkpoints carry."""
        self.num_classes = num_classes
        config = getattr(self, "config", None)
        if not isinstance(config, Mapping):
            return
        noted: Any = {**config, "num_classes": num_classes}
        head = noted.pop("head", None)
        if isinstance(head, Mapping) and head.get("name", "") is not None:
            noted["head"] = {key: value for key, value in head.items() if key not in WIDTHS}
        self.config = type(config)(noted)  # type: ignore[call-arg]  # a Config is made from a mapping

    def _new_part(self, make: Callable[[], Any]) -> Any:
        """Make a part on the network's framework and device, in its mode."""
        with same_backend(self) as backend:
            device = backend.resolve_device(backend.device_of(self))
            part = make()
            backend.set_training(part, self.training)
            return backend.place(part, device)

    def _draw(self, path: str, seed: int | None) -> None:
        """Draw the initial weights of the part that lies under a path, as they would be in the network as a whole."""
        recipes: dict[str, Recipe] = {"": self.recipe}
        own = getattr(self.head, "recipe", None)
        if isinstance(own, Recipe):
            recipes["head"] = own
        if self._backend.is_framework:
            slots = self._backend.slots(self)
            fill_slots({name: slot for name, slot in slots.items() if name.startswith(path + ".")}, recipes, seed)

    # Checks

    def fits(self, height: int, width: int) -> bool:
        """Whether the network can work on images of this height and width in pixels.

        Example:
            >>> polynet.build("vit_tiny_patch16_224", backend="shapes").fits(64, 64)
            False
        """
        if self.fixed_size is not None:
            return (height, width) == self.fixed_size
        return min(height, width) >= self.minimum_size

    def check_input(self, x: Tensor) -> None:
        """Refuse images the network cannot work on. Costs under a microsecond, and nothing while a tracer records.

        Raises:
            InputError: Not 4-d, empty, of the wrong number of channels or too small, or of whole numbers.
            FrameworkMismatchError: No tensor of the network's framework.
            BackendThreadError: The framework cannot work in the calling thread or process.
        """
        if type(x) is not self._tensor_type:
            self._check_framework(x)
            return
        if self._backend.is_tracing():
            return
        if self._backend.thread_bound:
            self._backend.check_thread()
        shape = x.shape
        least = self.minimum_size
        if (
            len(shape) != 4
            or shape[1] != self.in_channels
            or shape[2] < least
            or shape[3] < least
            or not shape[0]
            or (self.fixed_size is not None and (shape[2], shape[3]) != self.fixed_size)
        ):
            raise InputError(self._complaint(tuple(shape)))
        if x.dtype not in _FLOATING:
            self._check_dtype(x)

    def _check_dtype(self, x: Tensor) -> None:
        """Refuse whole numbers, and remember a dtype that is none so that it is looked at once."""
        name = ops.dtype_name(x)
        if "float" not in name:
            message = (
                f"{type(self).__name__} expects floating-point images, not {name}. "
                "Convert and scale them first, such as by polynet.ops.cast(x, 'float32') / 255."
            )
            raise InputError(message)
        _FLOATING.add(x.dtype)

    def _check_framework(self, x: Any) -> None:
        """Let subclasses of the framework's tensor, and its tracers' stand-ins, pass."""
        if not isinstance(x, self._backend.tensor_types):
            kind = f"{type(x).__module__}.{type(x).__qualname__}"
            message = (
                f"{type(self).__name__} is built on {self._backend.name} and was given a {kind}. "
                f"Make it one of its tensors: polynet.ops.tensor(…) with that backend active."
            )
            raise FrameworkMismatchError(message)

    def _complaint(self, shape: tuple[int, ...]) -> str:
        name = type(self).__name__
        if len(shape) != 4:
            return f"{name} expects images (N, C, H, W); the input has {len(shape)} axes: {shape}."
        if shape[1] != self.in_channels:
            remedy = f" To feed it {shape[1]}, build it with in_channels={shape[1]}." if shape[1] else ""
            return f"{name} expects {self.in_channels} channels, got {shape[1]} in shape {shape}.{remedy}"
        if not shape[0]:
            return f"{name} was given an empty batch: shape {shape}."
        least, fixed = self.minimum_size, self.fixed_size
        rule = f"of at least {least}x{least}" if fixed is None else f"of {fixed[0]}x{fixed[1]}"
        remedy = "" if fixed is None else " For another size build it with img_size."
        return f"{name} expects images {rule} pixels, got {shape[2]}x{shape[3]} in shape {shape}.{remedy}"


def _descend(module: Any, path: str) -> Any:
    for step in path.split(".") if path else ():
        module = getattr(module, step)
    return module
