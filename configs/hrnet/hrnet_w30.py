"""HRNet-W30-C. Wang et al. 2019, arXiv:1908.07919."""

_base_ = "../_base_/hrnet.py"

_cfg = dict(
    published=dict(
        parameters=37.7e6,
        multiply_adds=8.11e9,  # 7.55 of 2**30 there
        top1=78.2,
        source="the authors' repository HRNet-Image-Classification, HRNet-W30-C",
    ),
    model=dict(name="hrnet_w30"),
)
