"""What the configs of ResMLP share: 400 epochs of LAMB, with strong augmentation and averaging."""

_base_ = "imagenet.py"

_cfg = dict(
    batch_size=64,
    test=dict(crop_pct=0.9),
    loss=dict(label_smooth=0.1),
    augments=dict(
        name="RandAugment",
        resize=dict(interpolation="bicubic"),
        rand_erase=dict(prob=0.25, mode="pixel"),
        mixup=dict(mixup_alpha=0.8, cutmix_alpha=1.0),
    ),
    solver=dict(
        optimizer="lamb",
        basic_lr=6.25e-4,
        lr_min_factor=1e-2,
        # None for biases, factors and shifts.
        weight_decay=((0, "bias"), (0, "gamma"), (0, "NORM_TYPES"), (0, "Affine"), 0.2),
        max_epoch=400,
        warmup_factor=1e-3,
        lr_schedule="cosine",
    ),
    model_ema=dict(enabled=True, momentum=0.99996),
)
