"""RepVGG-A1. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=14.09e6,
        multiply_adds=2.64e9,
        top1=74.474,
        source="timm's tables of results and of benchmarks, repvgg_a1.rvgg_in1k, before deployment",
    ),
    model=dict(name="repvgg_a1"),
)
