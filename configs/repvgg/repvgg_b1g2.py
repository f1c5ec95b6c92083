"""RepVGG-B1g2. Ding et al. 2021, arXiv:2101.03697."""

_base_ = "../_base_/repvgg.py"

_cfg = dict(
    published=dict(
        parameters=45.78e6,
        multiply_adds=9.82e9,
        top1=77.79,
        source="MMClassification 0.25, table of RepVGG, the authors' weights before deployment",
    ),
    model=dict(name="repvgg_b1g2"),
)
