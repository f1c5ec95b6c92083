"""HRNet-W18-C-Small-v1. Wang et al. 2019, arXiv:1908.07919."""

_base_ = "../_base_/hrnet.py"

_cfg = dict(
    published=dict(
        parameters=13.2e6,
        multiply_adds=1.60e9,  # 1.49 of 2**30 there
        top1=72.3,
        source="the authors' repository HRNet-Image-Classification, HRNet-W18-C-Small-v1",
    ),
    model=dict(name="hrnet_w18_small_v1"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
)
