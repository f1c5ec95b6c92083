"""ShuffleNet v2, width 1.5. Ma et al. 2018, arXiv:1807.11164."""

_base_ = "../_base_/snet.py"

_cfg = dict(
    published=dict(
        parameters=3.5e6,
        multiply_adds=299e6,
        top1=72.6,
        source="the authors' repository ShuffleNet-Series, table of ShuffleNetV2",
    ),
    model=dict(name="snetv2_x150"),
)
