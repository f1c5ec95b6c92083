"""Settings of BaseCls's configs that ask for speed or memory, as far as torch has them."""

from __future__ import annotations

import torch


def accelerate(setting: str) -> str | None:
    """Switch a setting on; returns why it cannot be, or `None`."""
    if setting == "fastrun":
        if not torch.cuda.is_available():
            return "cuDNN tries its kernels on a GPU, and there is none."
        torch.backends.cudnn.benchmark = True
        return None
    if setting == "dtr":
        return "it is MegEngine's way to recompute what memory has no room for; torch has none that is automatic."
    return "the network runs as it is; compile it yourself: torch.compile(network)."
