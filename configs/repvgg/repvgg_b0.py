"""RepVGG-B0. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=15.82e6,
        multiply_adds=3.41e9,
        top1=75.158,
        source="timm's tables of results and of benchmarks, repvgg_b0.rvgg_in1k, before deployment",
    ),
    model=dict(name="repvgg_b0"),
)
