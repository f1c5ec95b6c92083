"""HRNet-W44-C. Wang et al. 2019, arXiv:1908.07919."""

_base_ = "../_base_/hrnet.py"

_cfg = dict(
    published=dict(
        parameters=67.1e6,
        multiply_adds=14.93e9,  # 13.9 of 2**30 there
        top1=78.9,
        source="the authors' repository HRNet-Image-Classification, HRNet-W44-C",
    ),
    model=dict(name="hrnet_w44"),
)
