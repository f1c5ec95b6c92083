"""What the configs of ShuffleNets share: 240 epochs of SGD with a linear schedule, and light augmentation."""

_base_ = "imagenet.py"

_cfg = dict(
    batch_size=128,
    bn=dict(precise_every_n_epoch=1),
    loss=dict(label_smooth=0.1),
    augments=dict(color_aug=dict(lighting=0.0)),
    solver=dict(
        basic_lr=0.0625,
        weight_decay=((0, "bias"), (0, "NORM_TYPES"), 4e-5),  # none for biases and normalisation layers
        max_epoch=240,
        warmup_epochs=0,
        lr_schedule="linear",
    ),
)
