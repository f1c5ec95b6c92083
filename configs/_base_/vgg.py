"""What the configs of VGG share: 100 epochs of SGD with a cosine schedule."""

_base_ = "imagenet.py"

_cfg = dict(
    bn=dict(precise_every_n_epoch=1),
    solver=dict(
        basic_lr=0.025,
        weight_decay=((0, "bias"), (0, "NORM_TYPES"), 5e-5),  # none for biases and normalisation layers
        nesterov=True,
        lr_schedule="cosine",
    ),
)
