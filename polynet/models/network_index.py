"""Which module defines which network: the part of `polynet.models.index` that is longest."""

from __future__ import annotations

NETWORK_INDEX: dict[str, tuple[str, ...]] = {
    "polynet.models.networks.effnet": (
        *("EffNet", "effnet_b0", "effnet_b1", "effnet_b2", "effnet_b3", "effnet_b4", "effnet_b5", "effnet_b6"),
        *("effnet_b7", "effnet_b8", "effnet_l2", "effnet_b0_lite", "effnet_b1_lite", "effnet_b2_lite"),
        *("effnet_b3_lite", "effnet_b4_lite", "tf_efficientnet_lite0", "tf_efficientnet_lite1"),
        *("tf_efficientnet_lite2", "tf_efficientnet_lite3", "tf_efficientnet_lite4", "effnetv2_b0", "effnetv2_b1"),
        *("effnetv2_b2", "effnetv2_b3", "effnetv2_s", "effnetv2_m", "effnetv2_l", "effnetv2_xl"),
        *("tf_efficientnet_b0", "tf_efficientnet_b1", "tf_efficientnet_b2", "tf_efficientnet_b3"),
        *("tf_efficientnet_b4", "tf_efficientnet_b5", "tf_efficientnet_b6", "tf_efficientnet_b7"),
        *("tf_efficientnet_b8", "tf_efficientnet_l2", "tf_efficientnetv2_b0", "tf_efficientnetv2_b1"),
        *("tf_efficientnetv2_b2", "tf_efficientnetv2_b3", "tf_efficientnetv2_s", "tf_efficientnetv2_m"),
        *("tf_efficientnetv2_l", "tf_efficientnetv2_xl"),
    ),
    "polynet.models.networks.mbnet": (
        *("MBNet", "mbnetv1_x025", "mbnetv1_x050", "mbnetv1_x075", "mbnetv1_x100", "mbnetv2_x035", "mbnetv2_x050"),
        *("mbnetv2_x075", "mbnetv2_x100", "mbnetv2_x140", "mbnetv3_small_x075", "mbnetv3_small_x100"),
        *("mbnetv3_large_x075", "mbnetv3_large_x100"),
    ),
    "polynet.models.networks.alexnet": ("AlexNet", "alexnet"),
    "polynet.models.networks.resnet": (
        *("ResNet", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnet18d", "resnet34d"),
        *("resnet50d", "resnet101d", "resnet152d", "resnext50_32x4d", "resnext101_32x4d", "resnext101_32x8d"),
        *("resnext101_64x4d", "resnext152_32x4d", "resnext152_32x8d", "resnext152_64x4d", "se_resnet18"),
        *("se_resnet34", "se_resnet50", "se_resnet101", "se_resnet152", "se_resnext50_32x4d"),
        *("se_resnext101_32x4d", "se_resnext101_32x8d", "se_resnext101_64x4d", "se_resnext152_32x4d"),
        *("se_resnext152_32x8d", "se_resnext152_64x4d", "wide_resnet50_2", "wide_resnet101_2"),
    ),
    "polynet.models.networks.regnet": (
        *("RegNet", "regnetx_002", "regnetx_004", "regnetx_006", "regnetx_008", "regnetx_016", "regnetx_032"),
        *("regnetx_040", "regnetx_064", "regnetx_080", "regnetx_120", "regnetx_160", "regnetx_320", "regnety_002"),
        *("regnety_004", "regnety_006", "regnety_008", "regnety_016", "regnety_032", "regnety_040", "regnety_064"),
        *("regnety_080", "regnety_120", "regnety_160", "regnety_320"),
    ),
    "polynet.models.networks.resnest": (
        *("ResNeSt", "resnest14d", "resnest26d", "resnest50d", "resnest101e", "resnest200e", "resnest269e"),
        *("resnest50d_1s4x24d", "resnest50d_4s2x40d"),
    ),
    "polynet.models.networks.res2net": (
        *("Res2Net", "res2net50_14w_8s", "res2net50_26w_4s", "res2net50_26w_6s", "res2net50_26w_8s"),
        *("res2net50_48w_2s", "res2net101_26w_4s", "res2net50d", "res2net101d", "res2next50"),
    ),
    "polynet.models.networks.vgg": (
        *("VGG", "vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"),
    ),
    "polynet.models.networks.mobileone": (
        *("MobileOne", "mobileone_s0", "mobileone_s1", "mobileone_s2", "mobileone_s3", "mobileone_s4"),
    ),
    "polynet.models.networks.replknet": ("RepLKNet", "replknet_31b", "replknet_31l", "replknet_xl"),
    "polynet.models.networks.repvgg": (
        *("RepVGG", "repvgg_a0", "repvgg_a1", "repvgg_a2", "repvgg_b0", "repvgg_b1", "repvgg_b1g2", "repvgg_b1g4"),
        *("repvgg_b2", "repvgg_b2g2", "repvgg_b2g4", "repvgg_b3", "repvgg_b3g2", "repvgg_b3g4", "repvgg_d2"),
    ),
    "polynet.models.networks.vit": (
        *("ViT", "vit_tiny_patch16_224", "vit_tiny_patch16_384", "vit_small_patch16_224", "vit_small_patch16_384"),
        *("vit_small_patch32_224", "vit_small_patch32_384", "vit_base_patch16_224", "vit_base_patch16_384"),
        *("vit_base_patch32_224", "vit_base_patch32_384", "vit_small_patch8_224", "vit_base_patch8_224"),
        *("vit_large_patch32_224", "vit_large_patch32_384", "vit_large_patch16_224", "vit_large_patch16_384"),
        *("vit_large_patch14_224", "vit_huge_patch14_224", "vit_giant_patch14_224", "vit_gigantic_patch14_224"),
        *("vit_base_patch32_clip_224", "vit_base_patch16_clip_224", "vit_large_patch14_clip_224"),
        *("deit_tiny_patch16_224", "deit_small_patch16_224", "deit_base_patch16_224", "deit_base_patch16_384"),
        *("deit_tiny_distilled_patch16_224", "deit_small_distilled_patch16_224", "deit_base_distilled_patch16_224"),
        *("deit_base_distilled_patch16_384", "deit3_small_patch16_224", "deit3_small_patch16_384"),
        *("deit3_medium_patch16_224", "deit3_base_patch16_224", "deit3_base_patch16_384"),
        *("deit3_large_patch16_224", "deit3_large_patch16_384", "deit3_huge_patch14_224"),
    ),
    "polynet.models.networks.snet": (
        *("SNetV2", "snetv2_x050", "snetv2_x100", "snetv2_x150", "snetv2_x200", "snetv2p_x075", "snetv2p_x100"),
        *("snetv2p_x125", "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0"),
    ),
    "polynet.models.networks.convnext": (
        *("ConvNeXt", "convnext_atto", "convnext_femto", "convnext_pico", "convnext_nano", "convnext_tiny"),
        *("convnext_small", "convnext_base", "convnext_large", "convnext_xlarge", "convnext_xxlarge"),
        *("convnext_atto_ols", "convnext_femto_ols", "convnext_pico_ols", "convnext_nano_ols", "convnext_tiny_hnf"),
        *("convnext_large_mlp", "convnextv2_atto", "convnextv2_femto", "convnextv2_pico", "convnextv2_nano"),
        *("convnextv2_tiny", "convnextv2_small", "convnextv2_base", "convnextv2_large", "convnextv2_huge"),
    ),
    "polynet.models.networks.hrnet": (
        *("HRNet", "hrnet_w18_small_v1", "hrnet_w18_small_v2", "hrnet_w18", "hrnet_w30", "hrnet_w32", "hrnet_w40"),
        *("hrnet_w44", "hrnet_w48", "hrnet_w64"),
    ),
    "polynet.models.networks.swin": (
        *("SwinTransformer", "swin_tiny_patch4_window7_224", "swin_small_patch4_window7_224"),
        *("swin_base_patch4_window7_224", "swin_base_patch4_window12_384", "swin_large_patch4_window7_224"),
        *("swin_large_patch4_window12_384",),
    ),
    "polynet.models.networks.googlenet": ("GoogLeNet", "googlenet"),
    "polynet.models.networks.inception": ("Inception", "inception_v3"),
    "polynet.models.networks.eva": (
        *("Eva", "eva02_tiny_patch14_224", "eva02_small_patch14_224", "eva02_base_patch14_224"),
        *("eva02_large_patch14_224", "eva02_tiny_patch14_336", "eva02_small_patch14_336", "eva02_base_patch14_448"),
        *("eva02_large_patch14_448", "eva_giant_patch14_224", "eva_giant_patch14_336", "eva_giant_patch14_560"),
    ),
    "polynet.models.networks.densenet": (
        *("DenseNet", "densenet121", "densenet169", "densenet201", "densenet161", "densenet264d"),
    ),
    "polynet.models.networks.ghostnet": (
        *("GhostNet", "ghostnet_050", "ghostnet_100", "ghostnet_130", "ghostnetv2_100", "ghostnetv2_130"),
        *("ghostnetv2_160",),
    ),
    "polynet.models.networks.squeezenet": ("SqueezeNet", "squeezenet1_0", "squeezenet1_1"),
    "polynet.models.networks.cait": (
        *("CaiT", "cait_xxs24_224", "cait_xxs24_384", "cait_xxs36_224", "cait_xxs36_384", "cait_xs24_384"),
        *("cait_s24_224", "cait_s24_384", "cait_s36_384", "cait_m36_384", "cait_m48_448"),
    ),
    "polynet.models.networks.levit": ("LeViT", "levit_128s", "levit_128", "levit_192", "levit_256", "levit_384"),
    "polynet.models.networks.poolformer": (
        *("PoolFormer", "poolformer_s12", "poolformer_s24", "poolformer_s36", "poolformer_m36", "poolformer_m48"),
        *("poolformerv2_s12", "poolformerv2_s24", "poolformerv2_s36", "poolformerv2_m36", "poolformerv2_m48"),
    ),
    "polynet.models.networks.swin_v2": (
        *("SwinTransformerV2", "swinv2_tiny_window8_256", "swinv2_tiny_window16_256", "swinv2_small_window8_256"),
        *("swinv2_small_window16_256", "swinv2_base_window8_256", "swinv2_base_window16_256"),
        *("swinv2_base_window12_192", "swinv2_base_window12to16_192to256", "swinv2_base_window12to24_192to384"),
        *("swinv2_large_window12_192", "swinv2_large_window12to16_192to256", "swinv2_large_window12to24_192to384"),
    ),
    "polynet.models.networks.resmlp": ("ResMLP", "resmlp_s12", "resmlp_s24", "resmlp_s36", "resmlp_b24"),
    "polynet.models.networks.mixer": (
        *("MlpMixer", "mixer_s32_224", "mixer_s16_224", "mixer_b32_224", "mixer_b16_224", "mixer_l32_224"),
        *("mixer_l16_224",),
    ),
    "polynet.models.networks.mobilevit": (
        *("MobileViT", "mobilevit_xxs", "mobilevit_xs", "mobilevit_s", "mobilevitv2_050", "mobilevitv2_075"),
        *("mobilevitv2_100", "mobilevitv2_125", "mobilevitv2_150", "mobilevitv2_175", "mobilevitv2_200"),
    ),
    "polynet.models.networks.beit": (
        *("BEiT", "beit_base_patch16_224", "beit_base_patch16_384", "beit_large_patch16_224"),
        *("beit_large_patch16_384", "beit_large_patch16_512", "beitv2_base_patch16_224"),
        *("beitv2_large_patch16_224",),
    ),
    "polynet.models.networks.classifier": ("Classifier",),
    "polynet.models.networks.video_classifier": ("VideoClassifier", "VideoClassifier2x"),
    "polynet.models.networks.timm_model": ("TIMM_MODEL",),
    "polynet.models.networks.image_classifier": ("ImageClassifier",),
    "polynet.train.tasks.classification": ("ClassificationTask",),
    "polynet.models.networks.image_to_image_retriever": ("ImageToImageRetriever",),
    "polynet.models.networks.text_classifier": ("TextClassifier",),
}
