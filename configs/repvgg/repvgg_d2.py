"""RepVGG-D2 with squeeze-and-excitation. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=133.33e6,
        multiply_adds=74.57e9,
        top1=83.55,
        source="timm's tables of results and of benchmarks, repvgg_d2se.rvgg_in1k at 320, before deployment",
    ),
    model=dict(name="repvgg_d2"),
    test=dict(img_size=320),
    loss=dict(label_smooth=0.1),
    augments=dict(name="AutoAugment", mixup=dict(mixup_alpha=0.2, permute=1)),
    solver=dict(max_epoch=200),
)
