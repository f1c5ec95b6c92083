"""ResNeSt-50. Zhang et al. 2020, arXiv:2004.08955; trained as there, but for DropBlock, which no network here has."""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=27.48e6,
        multiply_adds=5.4e9,
        top1=80.958,
        source="timm's tables of results and of benchmarks, resnest50d.in1k",
    ),
    model=dict(name="resnest50d"),
    batch_size=64,
    loss=dict(label_smooth=0.1),
    augments=dict(name="AutoAugment", mixup=dict(mixup_alpha=0.2)),
    solver=dict(
        basic_lr=0.025,  # 0.1 for 256 images
        weight_decay=((0, "bias"), (0, "NORM_TYPES"), 1e-4),  # none for biases and normalisation layers
        max_epoch=270,
        lr_schedule="cosine",
    ),
)
