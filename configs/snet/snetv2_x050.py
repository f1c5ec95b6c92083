"""ShuffleNet v2, width 0.5. Ma et al. 2018, arXiv:1807.11164."""

_base_ = "../_base_/snet.py"

_cfg = dict(
    published=dict(
        parameters=1.4e6,
        multiply_adds=41e6,
        top1=61.1,
        source="the authors' repository ShuffleNet-Series, table of ShuffleNetV2",
    ),
    model=dict(name="snetv2_x050"),
)
