"""One or more of every layer: constructor arguments, and the shapes it is called with."""

from __future__ import annotations

from typing import Any, NamedTuple


class LayerCase(NamedTuple):
    name: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    inputs: tuple[tuple[int, ...], ...]


def case(name: str, *arguments: Any, on: Any, **options: Any) -> LayerCase:
    inputs = on if isinstance(on[0], tuple) else (on,)
    return LayerCase(name, arguments, options, inputs)


IMAGE = (2, 4, 8, 9)
SEQUENCE = (5, 2, 6)

CASES = [
    case("Conv1d", 4, 6, 3, on=(2, 4, 9), padding="same"),
    case("Conv2d", 4, 6, (3, 2), on=IMAGE, stride=2, padding=(1, 0), groups=2, bias=False),
    case("Conv2d", 4, 6, 3, on=IMAGE, padding=1, padding_mode="reflect"),
    case("Conv3d", 4, 6, 2, on=(2, 4, 3, 4, 5), dilation=2),
    case("ConvTranspose1d", 4, 6, 3, on=(2, 4, 9), stride=2, output_padding=1),
    case("ConvTranspose2d", 4, 6, 3, on=IMAGE, stride=2, padding=1, groups=2),
    case("ConvTranspose3d", 4, 6, 2, on=(2, 4, 3, 4, 5), dilation=2, bias=False),
    case("Linear", 9, 3, on=IMAGE),
    case("Linear", 9, 3, on=IMAGE, bias=False),
    case("BatchNorm1d", 4, on=(2, 4)),
    case("BatchNorm1d", 4, on=(2, 4, 5), affine=False),
    case("BatchNorm2d", 4, on=IMAGE),
    case("BatchNorm2d", 4, on=IMAGE, track_running_stats=False),
    case("BatchNorm3d", 4, on=(2, 4, 3, 4, 5)),
    case("InstanceNorm2d", 4, on=IMAGE),
    case("InstanceNorm2d", 4, on=(4, 8, 9), affine=True, track_running_stats=True),
    case("LayerNorm", 9, on=IMAGE),
    case("LayerNorm", (8, 9), on=IMAGE, bias=False),
    case("LayerNorm", 9, on=IMAGE, elementwise_affine=False),
    case("RMSNorm", (8, 9), on=IMAGE),
    case("GroupNorm", 2, 4, on=IMAGE),
    case("LocalResponseNorm", 3, on=IMAGE),
    case("MaxPool1d", 2, on=(2, 4, 9)),
    case("MaxPool2d", 3, on=IMAGE, stride=2, padding=1, ceil_mode=True),
    case("MaxPool2d", 2, on=IMAGE, return_indices=True),
    case("MaxPool3d", 2, on=(2, 4, 4, 4, 5)),
    case("AvgPool1d", 2, on=(2, 4, 9), ceil_mode=True),
    case("AvgPool2d", (3, 2), on=IMAGE, divisor_override=3),
    case("AvgPool3d", 2, on=(2, 4, 4, 4, 5)),
    case("AdaptiveAvgPool1d", 3, on=(2, 4, 9)),
    case("AdaptiveAvgPool2d", (None, 3), on=IMAGE),
    case("AdaptiveAvgPool3d", 2, on=(2, 4, 4, 4, 5)),
    case("AdaptiveMaxPool1d", 3, on=(2, 4, 9)),
    case("AdaptiveMaxPool2d", 3, on=IMAGE, return_indices=True),
    case("AdaptiveMaxPool3d", 2, on=(2, 4, 4, 4, 5)),
    *(
        case(name, on=IMAGE)
        for name in (
            *("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Hardtanh", "LeakyReLU", "ELU"),
            *("GELU", "Sigmoid", "Tanh", "Softsign", "LogSigmoid", "Softplus", "Dropout", "Dropout2d", "Identity"),
        )
    ),
    case("PReLU", 4, on=IMAGE),
    case("Softmax", on=(2, 3), dim=1),
    case("LogSoftmax", on=IMAGE, dim=-1),
    case("Flatten", on=IMAGE),
    case("Unflatten", 1, (2, -1), on=IMAGE),
    case("PixelShuffle", 2, on=IMAGE),
    case("PixelUnshuffle", 2, on=(2, 4, 8, 6)),
    case("Unfold", 3, on=IMAGE, padding=1, stride=2),
    case("Fold", (4, 5), 2, on=(2, 12, 12)),
    case("ZeroPad2d", (1, 2, 3, 4), on=IMAGE),
    case("ConstantPad2d", 2, 1.5, on=IMAGE),
    case("ReflectionPad2d", 2, on=IMAGE),
    case("ReplicationPad2d", 2, on=IMAGE),
    case("Upsample", on=IMAGE, scale_factor=1.5, mode="bilinear"),
    case("MultiheadAttention", 6, 2, on=(SEQUENCE, SEQUENCE, SEQUENCE)),
    case("MultiheadAttention", 6, 3, on=(SEQUENCE, (5, 3, 4), (5, 3, 8)), kdim=4, vdim=8, batch_first=True, bias=False),
    case("MultiheadAttention", 6, 2, on=(SEQUENCE, SEQUENCE, SEQUENCE), add_bias_kv=True, add_zero_attn=True),
    case("RNN", 6, 3, on=SEQUENCE, nonlinearity="relu"),
    case("LSTM", 6, 4, on=SEQUENCE, num_layers=2, bidirectional=True, batch_first=True),
    case("LSTM", 6, 4, on=(5, 6), proj_size=2),
    case("GRU", 6, 3, on=SEQUENCE, bias=False),
    case("MSELoss", on=((2, 3), (2, 3))),
    case("L1Loss", on=((2, 3), (2, 3)), reduction="none"),
    case("SmoothL1Loss", on=((2, 3), (2, 3)), beta=0.5),
    case("KLDivLoss", on=((2, 3), (2, 3)), reduction="batchmean"),
    case("BCEWithLogitsLoss", on=((2, 3), (2, 3)), reduction="sum"),
    case("CrossEntropyLoss", on=((2, 3), (2, 3)), label_smoothing=0.1),
]

OTHERWISE_TESTED = {
    *("Sequential", "ModuleList", "ModuleDict", "ParameterList"),
    *("SyncBatchNorm", "Embedding", "NLLLoss"),
}
"""Containers, a layer that torch runs on GPUs alone, and two whose input holds whole numbers."""
