"""RepVGG-B2. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=89.02e6,
        multiply_adds=20.45e9,
        top1=78.788,
        source="timm's tables of results and of benchmarks, repvgg_b2.rvgg_in1k, before deployment",
    ),
    model=dict(name="repvgg_b2"),
)
