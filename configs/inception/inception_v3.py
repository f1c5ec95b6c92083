"""Inception-v3 with its auxiliary classifier. Szegedy et al. 2015, arXiv:1512.00567, whose section 8 is the solver."""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=27_161_264,
        multiply_adds=5.713e9,
        top1=77.294,
        source="torchvision, Inception_V3_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="inception_v3", aux_logits=True),
    preprocess=dict(img_size=299),
    test=dict(img_size=299),
    loss=dict(label_smooth=0.1),
    solver=dict(
        optimizer="rmsprop",
        basic_lr=0.045,
        momentum=0.0,
        alpha=0.9,
        eps=1.0,
        weight_decay=4e-5,  # Slim's; the paper gives none
        max_epoch=100,
        warmup_epochs=0,
        lr_decay_factor=0.94,
        lr_decay_steps=tuple(range(2, 100, 2)),
        grad_clip=dict(name="norm", max_norm=2.0),
    ),
    model_ema=dict(enabled=True),
)
