"""RepVGG-B3. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=123.09e6,
        multiply_adds=29.16e9,
        top1=80.528,
        source="timm's tables of results and of benchmarks, repvgg_b3.rvgg_in1k, before deployment",
    ),
    model=dict(name="repvgg_b3"),
    loss=dict(label_smooth=0.1),
    augments=dict(name="AutoAugment", mixup=dict(mixup_alpha=0.2, permute=1)),
    solver=dict(max_epoch=200),
)
