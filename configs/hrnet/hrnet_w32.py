"""HRNet-W32-C. Wang et al. 2019, arXiv:1908.07919."""

_base_ = "../_base_/hrnet.py"

_cfg = dict(
    published=dict(
        parameters=41.2e6,
        multiply_adds=8.92e9,  # 8.31 of 2**30 there
        top1=78.5,
        source="the authors' repository HRNet-Image-Classification, HRNet-W32-C",
    ),
    model=dict(name="hrnet_w32"),
)
