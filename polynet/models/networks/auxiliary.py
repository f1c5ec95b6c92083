"""What networks with auxiliary classifiers share: classifiers on maps within, which help to train what lies before.

Szegedy et al. 2014, arXiv:1409.4842, section 5: their losses are added to the network's own with a factor, and they are
not used afterwards.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.network import ImageNetwork
from polynet.types import Tensor

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class AuxiliaryNetwork(ImageNetwork):
    """An image network of named layers, some of which an auxiliary classifier follows in training.

    A subclass sets the class attributes, makes the layers, and calls `complete` and then `add_auxiliary`.

    Attributes:
        layers: Names of each stage's layers, in order.
        auxiliary: Name of the auxiliary classifier after a layer, by the layer's name.
        auxiliary_weight: Factor of an auxiliary classifier's loss.
        loss_weights: Factors of the losses of what `forward` returns in training; `ClassificationTask` heeds them.
        aux_logits: Whether it has auxiliary classifiers.
    """

    layers: ClassVar[tuple[tuple[str, ...], ...]] = ()
    auxiliary: ClassVar[Mapping[str, str]] = {}
    auxiliary_weight: ClassVar[float] = 0.3

    loss_weights: tuple[float, ...] = (1.0,)
    aux_logits: bool = False
    input_scale: Tensor
    input_shift: Tensor

    def add_transform(self, transform_input: bool) -> None:
        """With `transform_input`, keep the numbers that turn ImageNet's normalisation into one around 0.5.

        Raises:
            OptionError: The images are not of three channels.
        """
        self.transform_input = transform_input
        if not transform_input:
            return
        if self.in_channels != 3:
            message = f"{type(self).__name__}: transform_input is for red, green and blue, not {self.in_channels}."
            raise OptionError(message)
        scale = np.array(_STD, np.float32).reshape(1, 3, 1, 1) / np.float32(0.5)
        shift = (np.array(_MEAN, np.float32).reshape(1, 3, 1, 1) - np.float32(0.5)) / np.float32(0.5)
        self.register_buffer("input_scale", ops.tensor(scale), persistent=False)
        self.register_buffer("input_shift", ops.tensor(shift), persistent=False)

    def add_auxiliary(self, wanted: bool) -> None:
        """Make the auxiliary classifiers where they are wanted and the network has a head."""
        self._aux_wanted = wanted
        self._note_auxiliary()
        for name in self.auxiliary.values():
            setattr(self, name, self.make_auxiliary(name, self.num_classes) if self.aux_logits else None)

    def _note_auxiliary(self) -> None:
        """Say whether there are auxiliary classifiers, and what their losses count."""
        self.aux_logits = self._aux_wanted and self.head is not None
        self.loss_weights = (1.0, *[self.auxiliary_weight] * len(self.auxiliary)) if self.aux_logits else (1.0,)

    def make_auxiliary(self, name: str, num_classes: int) -> Any:
        """The auxiliary classifier of this name."""
        raise NotImplementedError

    def forward_stem(self, x: Tensor) -> Tensor:
        """The image, otherwise normalised with `transform_input`; the first stage takes it."""
        return x * self.input_scale + self.input_shift if self.transform_input else x

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """The layers of one stage."""
        for name in self.layers[index]:
            x = getattr(self, name)(x)
        return x

    def forward(self, x: Tensor) -> Any:
        """Logits `(N, num_classes)`; with auxiliary classifiers, in training, a tuple: theirs follow, the last first.

        Raises:
            InputError: The images have a shape the network cannot work on.
            FrameworkMismatchError: `x` is no tensor of the network's framework.
        """
        if not (self.aux_logits and self.training):
            return super().forward(x)
        self.check_input(x)
        x = self.forward_stem(x)
        logits: list[Tensor] = []
        for names in self.layers:
            for name in names:
                x = getattr(self, name)(x)
                if name in self.auxiliary:
                    logits.insert(0, getattr(self, self.auxiliary[name])(x))
        return (self.forward_head(x), *logits)

    def reset_classifier(self, num_classes: int, *, seed: int | None = None) -> None:
        """Give all classifiers another number of classes; see `ImageNetwork.reset_classifier`."""
        super().reset_classifier(num_classes, seed=seed)
        self._note_auxiliary()
        for name in self.auxiliary.values():
            old = getattr(self, name)
            if not self.aux_logits:
                setattr(self, name, None)
            elif old is None:
                setattr(self, name, self._new_part(functools.partial(self.make_auxiliary, name, num_classes)))
                self._draw(name, seed)
            else:
                width = old.classifier.in_features
                setattr(old, old.classifier_path, self._new_part(functools.partial(nn.Linear, width, num_classes)))
                self._draw(f"{name}.{old.classifier_path}", seed)
