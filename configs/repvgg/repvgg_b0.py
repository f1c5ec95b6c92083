"""RepVGG-B0. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=15_817_960,
        top1=75.14,
        source="Ding et al. 2021, table 4; parameters before deployment",
    ),
    model=dict(name="repvgg_b0"),
)
