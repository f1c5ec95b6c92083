"""HRNet-W18-C. Wang et al. 2019, arXiv:1908.07919."""

_base_ = "../_base_/hrnet.py"

_cfg = dict(
    published=dict(
        parameters=21.3e6,
        multiply_adds=4.28e9,  # 3.99 of 2**30 there
        top1=76.8,
        source="the authors' repository HRNet-Image-Classification, HRNet-W18-C",
    ),
    model=dict(name="hrnet_w18"),
)
