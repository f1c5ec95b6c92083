"""ResMLP S36: 36 blocks. Touvron et al. 2021, arXiv:2105.03404."""

_base_ = "../_base_/resmlp.py"

_cfg = dict(
    published=dict(
        parameters=44.69e6,
        multiply_adds=8.91e9,
        top1=79.772,
        source="timm's tables of results and of benchmarks, resmlp_36_224.fb_in1k",
    ),
    model=dict(name="resmlp_s36"),
)
