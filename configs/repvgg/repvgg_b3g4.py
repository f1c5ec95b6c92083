"""RepVGG-B3g4. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=83_825_128,
        top1=80.21,
        source="Ding et al. 2021, table 5; parameters before deployment",
    ),
    model=dict(name="repvgg_b3g4"),
    loss=dict(label_smooth=0.1),
    augments=dict(name="AutoAugment", mixup=dict(mixup_alpha=0.2, permute=1)),
    solver=dict(max_epoch=200),
)
