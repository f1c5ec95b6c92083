"""A ResNet of eight layers for FashionMNIST, trained in minutes on a CPU. Xiao et al. 2017, arXiv:1708.07747."""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    model=dict(
        name="ResNet",
        in_channels=1,
        depths=(1, 1, 1),
        widths=(24, 48, 96),
        strides=(1, 2, 2),
        stem_name="SimpleStem",
        stem_w=24,
        head=dict(name="ClsHead"),
    ),
    num_classes=10,
    batch_size=128,
    preprocess=dict(img_size=28, img_color_space="GRAY", img_mean=(72.94,), img_std=(90.02,)),
    test=dict(img_size=28, crop_pct=1.0),
    augments=None,  # the images are taken as they are
    data=dict(name="FashionMNIST", num_workers=0),
    solver=dict(
        basic_lr=0.1,
        nesterov=True,
        weight_decay=((0, "bias"), (0, "NORM_TYPES"), 5e-4),
        max_epoch=7,
        # From almost nothing, and slowly: what rounding differs by grows with the step's size.
        warmup_epochs=3,
        warmup_factor=0.001,
        lr_schedule="cosine",
        per_iteration=True,
    ),
    log_every_n_iter=100,
    save_every_n_epoch=1,
)
