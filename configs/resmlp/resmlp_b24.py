"""ResMLP B24: 24 wider blocks, patches of 8 pixels. Touvron et al. 2021, arXiv:2105.03404."""

_base_ = "../_base_/resmlp.py"

_cfg = dict(
    published=dict(
        parameters=129.14e6,
        multiply_adds=100.23e9,
        top1=81.034,
        source="timm's tables of results and of benchmarks, resmlp_big_24_224.fb_in1k",
    ),
    model=dict(name="resmlp_b24"),
)
