"""MobileOne-S0. Vasu et al. 2023, arXiv:2206.04040.

The paper lowers the weight decay from 1e-4 to 1e-5 along a cosine, which a config cannot say; this one keeps it.
"""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=5.29e6,
        top1=71.398,
        source="timm's tables of results, mobileone_s0.apple_in1k, before deployment",
    ),
    model=dict(name="mobileone_s0"),
    batch_size=32,  # on 8 devices
    loss=dict(label_smooth=0.1),
    augments=dict(name="SimpleAugment"),
    solver=dict(
        basic_lr=0.0125,
        weight_decay=((0, "bias"), (0, "NORM_TYPES"), 1e-4),  # none for biases and normalisation layers
        max_epoch=300,
        lr_schedule="cosine",
    ),
    model_ema=dict(enabled=True, momentum=0.9995),
)
