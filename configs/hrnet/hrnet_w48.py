"""HRNet-W48-C. Wang et al. 2019, arXiv:1908.07919."""

_base_ = "../_base_/hrnet.py"

_cfg = dict(
    published=dict(
        parameters=77.5e6,
        multiply_adds=17.29e9,  # 16.1 of 2**30 there
        top1=79.3,
        source="the authors' repository HRNet-Image-Classification, HRNet-W48-C",
    ),
    model=dict(name="hrnet_w48"),
)
