"""RepVGG-A2. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=28.21e6,
        multiply_adds=5.7e9,
        top1=76.488,
        source="timm's tables of results and of benchmarks, repvgg_a2.rvgg_in1k, before deployment",
    ),
    model=dict(name="repvgg_a2"),
)
