"""GhostNet, width 1.0. Han et al. 2020, arXiv:1911.11907; trained as ShuffleNet v2, with the paper's rate."""

_base_ = "../_base_/snet.py"

_cfg = dict(
    published=dict(
        parameters=5.2e6,
        multiply_adds=141e6,
        top1=73.9,
        source="arXiv:1911.11907, GhostNet 1.0x",
    ),
    model=dict(name="ghostnet_100"),
    solver=dict(basic_lr=0.05),
)
