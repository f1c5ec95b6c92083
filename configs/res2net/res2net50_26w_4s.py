"""Res2Net-50, 26w x 4s. Gao et al. 2019, arXiv:1904.01169; trained as there."""

_base_ = "../_base_/imagenet.py"

_cfg = dict(
    published=dict(
        parameters=25.70e6,
        multiply_adds=4.28e9,
        top1=77.994,
        source="timm's tables of results and of benchmarks, res2net50_26w_4s.in1k",
    ),
    model=dict(name="res2net50_26w_4s"),
    batch_size=64,
    augments=dict(name="SimpleAugment"),
    solver=dict(
        basic_lr=0.025,  # 0.1 for 256 images; divided by 10 every 30 epochs
        warmup_epochs=0,
    ),
)
