"""What the configs of MobileNets share: 150 epochs of SGD with a cosine schedule, and light augmentation."""

_base_ = "imagenet.py"

_cfg = dict(
    batch_size=128,
    bn=dict(precise_every_n_epoch=1),
    loss=dict(label_smooth=0.1),
    augments=dict(color_aug=dict(lighting=0.0)),
    solver=dict(
        basic_lr=0.05,
        weight_decay=((0, "bias"), (0, "NORM_TYPES"), 4e-5),  # none for biases and normalisation layers
        nesterov=True,
        max_epoch=150,
        lr_schedule="cosine",
    ),
)
