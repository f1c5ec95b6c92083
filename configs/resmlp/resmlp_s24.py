"""ResMLP S24: 24 blocks. Touvron et al. 2021, arXiv:2105.03404."""

_base_ = "../_base_/resmlp.py"

_cfg = dict(
    published=dict(
        parameters=30.02e6,
        multiply_adds=5.96e9,
        top1=79.38,
        source="timm's tables of results and of benchmarks, resmlp_24_224.fb_in1k",
    ),
    model=dict(name="resmlp_s24"),
)
