"""EfficientNet-B0. Tan and Le 2019, arXiv:1905.11946."""

_base_ = "../_base_/effnet.py"

_cfg = dict(
    published=dict(
        parameters=5_288_548,
        multiply_adds=386e6,
        top1=77.692,
        source="torchvision, EfficientNet_B0_Weights.IMAGENET1K_V1",
    ),
    model=dict(name="effnet_b0"),
    batch_size=64,
    solver=dict(basic_lr=0.1),
    model_ema=dict(momentum=0.99996),
)
