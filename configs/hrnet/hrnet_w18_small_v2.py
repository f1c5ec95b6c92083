"""HRNet-W18-C-Small-v2. Wang et al. 2019, arXiv:1908.07919."""

_base_ = "../_base_/hrnet.py"

_cfg = dict(
    published=dict(
        parameters=15.6e6,
        multiply_adds=2.60e9,  # 2.42 of 2**30 there
        top1=75.1,
        source="the authors' repository HRNet-Image-Classification, HRNet-W18-C-Small-v2",
    ),
    model=dict(name="hrnet_w18_small_v2"),
    batch_size=64,
    solver=dict(basic_lr=0.05),
)
