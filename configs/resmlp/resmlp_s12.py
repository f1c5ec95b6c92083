"""ResMLP S12: 12 blocks. Touvron et al. 2021, arXiv:2105.03404."""

_base_ = "../_base_/resmlp.py"

_cfg = dict(
    published=dict(
        parameters=15.35e6,
        multiply_adds=3.01e9,
        top1=76.66,
        source="timm's tables of results and of benchmarks, resmlp_12_224.fb_in1k",
    ),
    model=dict(name="resmlp_s12"),
)
