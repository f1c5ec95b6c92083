"""RepVGG-B2. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=89_022_376,
        top1=78.78,
        source="Ding et al. 2021, table 4; parameters before deployment",
    ),
    model=dict(name="repvgg_b2"),
)
