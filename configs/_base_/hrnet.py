"""What the configs of HRNet share: 100 epochs of SGD with a cosine schedule, and weight decay for all parameters."""

_base_ = "imagenet.py"

_cfg = dict(
    bn=dict(precise_every_n_epoch=1),
    solver=dict(basic_lr=0.025, weight_decay=5e-5, nesterov=True, lr_schedule="cosine"),
)
