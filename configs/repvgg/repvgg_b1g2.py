"""RepVGG-B1g2. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=45_782_376,
        top1=77.78,
        source="Ding et al. 2021, table 4; parameters before deployment",
    ),
    model=dict(name="repvgg_b1g2"),
)
