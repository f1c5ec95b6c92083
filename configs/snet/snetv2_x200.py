"""ShuffleNet v2, width 2.0. Ma et al. 2018, arXiv:1807.11164."""

_base_ = "../_base_/snet.py"

_cfg = dict(
    published=dict(
        parameters=7.4e6,
        multiply_adds=591e6,
        top1=75.0,
        source="the authors' repository ShuffleNet-Series, table of ShuffleNetV2",
    ),
    model=dict(name="snetv2_x200"),
)
