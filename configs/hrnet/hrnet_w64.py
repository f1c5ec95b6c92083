"""HRNet-W64-C. Wang et al. 2019, arXiv:1908.07919."""

_base_ = "../_base_/hrnet.py"

_cfg = dict(
    published=dict(
        parameters=128.1e6,
        multiply_adds=28.88e9,  # 26.9 of 2**30 there
        top1=79.5,
        source="the authors' repository HRNet-Image-Classification, HRNet-W64-C",
    ),
    model=dict(name="hrnet_w64"),
)
