"""RepVGG-B1g4. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=39.97e6,
        multiply_adds=8.15e9,
        top1=77.608,
        source="timm's tables of results and of benchmarks, repvgg_b1g4.rvgg_in1k, before deployment",
    ),
    model=dict(name="repvgg_b1g4"),
)
