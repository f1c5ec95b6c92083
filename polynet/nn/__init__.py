"""Neutral layers and modules, under torch's names: calling one gives the layer of the active framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from polynet.errors import unknown_attribute
from polynet.nn.activation import (
    ELU,
    GELU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
)
from polynet.nn.adaptive_pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
)
from polynet.nn.attention import MultiheadAttention
from polynet.nn.container import ModuleDict, ModuleList, ParameterList, Sequential
from polynet.nn.convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from polynet.nn.dropout import Dropout, Dropout2d, DropPath
from polynet.nn.embedding import Embedding
from polynet.nn.initialise import initialise
from polynet.nn.initialisers import (
    Constant,
    FanInUniform,
    Initialiser,
    KaimingNormal,
    KaimingUniform,
    Normal,
    TruncatedNormal,
    Uniform,
    XavierNormal,
    XavierUniform,
)
from polynet.nn.linear import Linear
from polynet.nn.loss import BCEWithLogitsLoss, CrossEntropyLoss, KLDivLoss, L1Loss, MSELoss, NLLLoss, SmoothL1Loss
from polynet.nn.module import Module, Parameter, same_backend, specialise
from polynet.nn.normalisation import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm2d,
    LayerNorm,
    LocalResponseNorm,
    RMSNorm,
    SyncBatchNorm,
)
from polynet.nn.padding import ConstantPad2d, ReflectionPad2d, ReplicationPad2d, ZeroPad2d
from polynet.nn.pooling import AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d
from polynet.nn.recipe import DEFAULT_RECIPE, Recipe
from polynet.nn.recurrent import GRU, LSTM, RNN
from polynet.nn.resize import Upsample
from polynet.nn.shape import Flatten, Fold, Identity, PixelShuffle, PixelUnshuffle, Unflatten, Unfold
from polynet.nn.softmax import LogSoftmax, Softmax

__all__ = [
    "DEFAULT_RECIPE",
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Constant",
    "ConstantPad2d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "CrossEntropyLoss",
    "DropPath",
    "Dropout",
    "Dropout2d",
    "Embedding",
    "FanInUniform",
    "Flatten",
    "Fold",
    "GroupNorm",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "Initialiser",
    "InstanceNorm2d",
    "KLDivLoss",
    "KaimingNormal",
    "KaimingUniform",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiheadAttention",
    "NLLLoss",
    "Normal",
    "PReLU",
    "Parameter",
    "ParameterList",
    "PixelShuffle",
    "PixelUnshuffle",
    "RMSNorm",
    "ReLU",
    "ReLU6",
    "Recipe",
    "ReflectionPad2d",
    "ReplicationPad2d",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Softsign",
    "SyncBatchNorm",
    "Tanh",
    "TruncatedNormal",
    "Unflatten",
    "Unfold",
    "Uniform",
    "Upsample",
    "XavierNormal",
    "XavierUniform",
    "ZeroPad2d",
    "initialise",
    "same_backend",
    "specialise",
]

if not TYPE_CHECKING:  # a type checker, which sees this function, would pass every misspelt name

    def __getattr__(name: str) -> NoReturn:
        raise unknown_attribute(__name__, name, __all__)
