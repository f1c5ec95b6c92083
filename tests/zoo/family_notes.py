"""What the gallery says of each family in words, and how its picture groups them: kept by hand, data alone."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """A family's title, its group in the picture, and what is particular about it."""

    title: str
    group: str
    line: str


GROUPS = ("plain and branched", "residual", "mobile", "merged branches", "attention", "mixing without attention")
"""Groups of the picture, in the order of its legend."""

PLAIN, RESIDUAL, MOBILE, MERGED, ATTENTION, MIXING = GROUPS

NOTES: dict[str, Note] = {
    "alexnet": Note("AlexNet", PLAIN, "Five convolutions and three linear layers, in the form for one GPU."),
    "beit": Note("BEiT, BEiT v2", ATTENTION, "ViT with relative positions as a bias of every attention."),
    "cait": Note("CaiT", ATTENTION, "Deep ViT whose class token joins the last blocks only; heads that mix."),
    "convnext": Note("ConvNeXt v1, v2", RESIDUAL, "Depthwise 7×7 kernels in blocks shaped like a transformer's."),
    "densenet": Note("DenseNet", PLAIN, "Each layer takes the maps of all before it in its block."),
    "effnet": Note("EfficientNet v1, v2, Lite", MOBILE, "Inverted residuals scaled in width, depth and image size."),
    "eva": Note("EVA, EVA-02", ATTENTION, "ViT that learnt CLIP's features; EVA-02 has rotary positions and SwiGLU."),
    "ghostnet": Note("GhostNet v1, v2", MOBILE, "Half of a layer's channels are made cheaply from the other half."),
    "googlenet": Note("GoogLeNet", PLAIN, "Branches of several kernel sizes side by side; two auxiliary classifiers."),
    "hrnet": Note("HRNet", RESIDUAL, "Streams of several resolutions kept side by side and exchanged."),
    "inception": Note("Inception v3", PLAIN, "Branches with kernels split into 1×n and n×1; an auxiliary classifier."),
    "levit": Note("LeViT", ATTENTION, "Convolutional stem, then attention that shrinks the map, normalised by batch."),
    "mbnet": Note("MobileNet v1, v2, v3", MOBILE, "Depthwise separable convolutions; inverted residuals from v2 on."),
    "mixer": Note("MLP-Mixer", MIXING, "Linear layers across the patches and across the channels, in turn."),
    "mobileone": Note("MobileOne", MERGED, "Depthwise and pointwise layers with branches that are merged."),
    "mobilevit": Note("MobileViT v1, v2", ATTENTION, "MobileNet v2's blocks, with attention on the later maps."),
    "poolformer": Note("PoolFormer v1, v2", MIXING, "A transformer's blocks, with pooling in place of attention."),
    "regnet": Note("RegNet X, Y", RESIDUAL, "Widths and depths from a linear rule; Y has squeeze and excitation."),
    "replknet": Note("RepLKNet", MERGED, "Depthwise kernels of up to 31×31, into which small ones are merged."),
    "repvgg": Note("RepVGG", MERGED, "Three branches for training, merged into plain 3×3 convolutions."),
    "res2net": Note("Res2Net", RESIDUAL, "Channel groups that pass their results on within a bottleneck."),
    "resmlp": Note("ResMLP", MIXING, "Linear layers across patches and channels, scaled by affine layers."),
    "resnest": Note("ResNeSt", RESIDUAL, "Attention among the splits of a bottleneck's groups."),
    "resnet": Note("ResNet, ResNeXt, SE, wide", RESIDUAL, "Residual blocks; variants in stem, groups and width."),
    "snet": Note("ShuffleNet v2, v2+", MOBILE, "Halves of the channels in turn, shuffled between blocks."),
    "squeezenet": Note("SqueezeNet", PLAIN, "Few channels squeezed before 1×1 and 3×3 kernels side by side."),
    "swin": Note("Swin", ATTENTION, "Attention in windows that shift from block to block."),
    "swin_v2": Note("Swin v2", ATTENTION, "Swin with cosine attention and positions by a small network."),
    "vgg": Note("VGG", PLAIN, "3×3 convolutions and poolings, three linear layers."),
    "vit": Note("ViT, DeiT, DeiT-3, CLIP's", ATTENTION, "Attention among all patches of the image."),
}

LABELS: dict[str, str] = {
    "alexnet": "AlexNet",
    "vgg16": "VGG-16",
    "resnet18": "ResNet-18",
    "resnet50": "ResNet-50",
    "resnet152": "ResNet-152",
    "resnext101_64x4d": "ResNeXt-101 64×4d",
    "densenet121": "DenseNet-121",
    "googlenet": "GoogLeNet",
    "inception_v3": "Inception v3",
    "squeezenet1_1": "SqueezeNet 1.1",
    "mbnetv2_x100": "MobileNet v2",
    "mbnetv3_large_x100": "MobileNet v3 L",
    "effnet_b0": "EfficientNet-B0",
    "effnet_b7": "EfficientNet-B7",
    "effnet_l2": "EfficientNet-L2",
    "effnetv2_s": "EfficientNetV2-S",
    "regnety_032": "RegNetY-3.2GF",
    "hrnet_w64": "HRNet-W64",
    "convnext_tiny": "ConvNeXt-T",
    "convnext_xxlarge": "ConvNeXt-XXL",
    "vit_tiny_patch16_224": "ViT-Ti/16",
    "vit_base_patch16_224": "ViT-B/16",
    "vit_gigantic_patch14_224": "ViT-G/14",
    "deit_small_patch16_224": "DeiT-S",
    "cait_m48_448": "CaiT-M48",
    "eva_giant_patch14_560": "EVA-g 560",
    "swin_tiny_patch4_window7_224": "Swin-T",
    "swin_large_patch4_window12_384": "Swin-L 384",
    "levit_128s": "LeViT-128S",
    "mobilevit_xxs": "MobileViT-XXS",
    "mixer_l16_224": "Mixer-L/16",
    "poolformer_s12": "PoolFormer-S12",
    "ghostnet_100": "GhostNet 1.0",
    "shufflenet_v2_x1_0": "ShuffleNet v2",
    "mbnetv1_x025": "MobileNet v1 ×0.25",
    "repvgg_b3": "RepVGG-B3",
    "replknet_31b": "RepLKNet-31B",
    "mobileone_s0": "MobileOne-S0",
}
"""Networks that the picture names."""
