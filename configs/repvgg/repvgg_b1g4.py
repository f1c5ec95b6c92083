"""RepVGG-B1g4. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=39_966_056,
        top1=77.58,
        source="Ding et al. 2021, table 4; parameters before deployment",
    ),
    model=dict(name="repvgg_b1g4"),
)
