"""RepVGG-A0. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=9.11e6,
        multiply_adds=1.52e9,
        top1=72.426,
        source="timm's tables of results and of benchmarks, repvgg_a0.rvgg_in1k, before deployment",
    ),
    model=dict(name="repvgg_a0"),
)
