"""Every function of `polynet.ops`, as the rule by which shapes and dtypes follow."""

from __future__ import annotations

from polynet_shapes.ops.activation import *  # noqa: F403 - each file lists what it gives
from polynet_shapes.ops.arithmetic import *  # noqa: F403 - as above
from polynet_shapes.ops.conversion import *  # noqa: F403 - as above
from polynet_shapes.ops.convolution import *  # noqa: F403 - as above
from polynet_shapes.ops.creation import *  # noqa: F403 - as above
from polynet_shapes.ops.index import *  # noqa: F403 - as above
from polynet_shapes.ops.linear import *  # noqa: F403 - as above
from polynet_shapes.ops.loss import *  # noqa: F403 - as above
from polynet_shapes.ops.normalisation import *  # noqa: F403 - as above
from polynet_shapes.ops.padding import *  # noqa: F403 - as above
from polynet_shapes.ops.pooling import *  # noqa: F403 - as above
from polynet_shapes.ops.random import *  # noqa: F403 - as above
from polynet_shapes.ops.reduction import *  # noqa: F403 - as above
from polynet_shapes.ops.resize import *  # noqa: F403 - as above
from polynet_shapes.ops.shape import *  # noqa: F403 - as above
