"""ShuffleNet v2, width 0.5. Ma et al. 2018, arXiv:1807.11164."""

_base_ = "../_base_/snet.py"

_cfg = dict(
    published=dict(
        parameters=1.4e6,
        multiply_adds=41e6,
        top1=60.3,
        source="arXiv:1807.11164, table 8; parameters: the authors' repository ShuffleNet-Series",
    ),
    model=dict(name="snetv2_x050"),
)
