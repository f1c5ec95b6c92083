"""What the configs of RepVGG share: 120 epochs of SGD with a cosine schedule, and simple augmentation."""

_base_ = "imagenet.py"

_cfg = dict(
    batch_size=64,
    bn=dict(precise_every_n_epoch=1),
    augments=dict(name="SimpleAugment"),
    solver=dict(
        basic_lr=0.025,
        weight_decay=((0, "bn"), (0, "bias"), 1e-4),  # the normalisations of the identity branches do decay
        max_epoch=120,
        lr_schedule="cosine",
    ),
)
