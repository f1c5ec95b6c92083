"""What the configs of EfficientNets share: 350 epochs of SGD with a cosine schedule, strong augmentation, averaging."""

_base_ = "imagenet.py"

_cfg = dict(
    bn=dict(precise_every_n_epoch=1),
    loss=dict(label_smooth=0.1),
    augments=dict(
        name="RandAugment",
        resize=dict(interpolation="bicubic"),
        rand_erase=dict(prob=0.25, mode="pixel"),
    ),
    solver=dict(
        basic_lr=0.05,
        weight_decay=((0, "bias"), (0, "NORM_TYPES"), 1e-5),  # none for biases and normalisation layers
        nesterov=True,
        max_epoch=350,
        lr_schedule="cosine",
    ),
    model_ema=dict(enabled=True, momentum=0.99998),
)
