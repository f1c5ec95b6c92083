"""RepVGG-A0. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=9_108_968,
        top1=72.41,
        source="Ding et al. 2021, table 4; parameters before deployment",
    ),
    model=dict(name="repvgg_a0"),
)
