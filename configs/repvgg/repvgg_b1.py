"""RepVGG-B1. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=57.42e6,
        multiply_adds=13.16e9,
        top1=78.37,
        source="timm's tables of results and of benchmarks, repvgg_b1.rvgg_in1k, before deployment",
    ),
    model=dict(name="repvgg_b1"),
)
