"""RepVGG-D2 with squeeze-and-excitation. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=133_334_836,
        top1=83.55,
        source="github.com/DingXiaoH/RepVGG, RepVGG-D2se at 320 pixels; parameters before deployment",
    ),
    model=dict(name="repvgg_d2"),
    test=dict(img_size=320),
    loss=dict(label_smooth=0.1),
    augments=dict(name="AutoAugment", mixup=dict(mixup_alpha=0.2, permute=1)),
    solver=dict(max_epoch=200),
)
