"""HRNet-W40-C. Wang et al. 2019, arXiv:1908.07919."""

_base_ = "../_base_/hrnet.py"

_cfg = dict(
    published=dict(
        parameters=57.6e6,
        multiply_adds=12.67e9,  # 11.8 of 2**30 there
        top1=78.9,
        source="the authors' repository HRNet-Image-Classification, HRNet-W40-C",
    ),
    model=dict(name="hrnet_w40"),
)
