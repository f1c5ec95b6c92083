"""Which papers describe the networks of each family: kept by hand, data alone."""

from __future__ import annotations

import fnmatch

PAPERS: dict[str, tuple[str, ...]] = {
    "alexnet": ("Krizhevsky 2014, arXiv:1404.5997",),
    "beit": ("Bao et al. 2021, arXiv:2106.08254",),
    "cait": ("Touvron et al. 2021, arXiv:2103.17239",),
    "convnext": ("Liu et al. 2022, arXiv:2201.03545",),
    "densenet": ("Huang et al. 2017, arXiv:1608.06993",),
    "effnet": ("Tan and Le 2019, arXiv:1905.11946",),
    "eva": ("Fang et al. 2022, arXiv:2211.07636",),
    "ghostnet": ("Han et al. 2020, arXiv:1911.11907",),
    "googlenet": ("Szegedy et al. 2014, arXiv:1409.4842",),
    "hrnet": ("Wang et al. 2019, arXiv:1908.07919",),
    "inception": ("Szegedy et al. 2015, arXiv:1512.00567",),
    "levit": ("Graham et al. 2021, arXiv:2104.01136",),
    "mbnet": ("Howard et al. 2017, arXiv:1704.04861",),
    "mixer": ("Tolstikhin et al. 2021, arXiv:2105.01601",),
    "mobileone": ("Vasu et al. 2023, arXiv:2206.04040",),
    "mobilevit": ("Mehta and Rastegari 2022, arXiv:2110.02178",),
    "poolformer": ("Yu et al. 2022, arXiv:2111.11418",),
    "regnet": ("Radosavovic et al. 2020, arXiv:2003.13678",),
    "replknet": ("Ding et al. 2022, arXiv:2203.06717",),
    "repvgg": ("Ding et al. 2021, arXiv:2101.03697",),
    "res2net": ("Gao et al. 2019, arXiv:1904.01169",),
    "resmlp": ("Touvron et al. 2021, arXiv:2105.03404",),
    "resnest": ("Zhang et al. 2020, arXiv:2004.08955",),
    "resnet": ("He et al. 2016, arXiv:1512.03385",),
    "snet": ("Ma et al. 2018, arXiv:1807.11164",),
    "squeezenet": ("Iandola et al. 2016, arXiv:1602.07360",),
    "swin": ("Liu et al. 2021, arXiv:2103.14030",),
    "swin_v2": ("Liu et al. 2022, arXiv:2111.09883",),
    "vgg": ("Simonyan and Zisserman 2015, arXiv:1409.1556",),
    "vit": ("Dosovitskiy et al. 2021, arXiv:2010.11929",),
    "xcit": ("El-Nouby et al. 2021, arXiv:2106.09681",),
}
"""What each family is described in."""

VARIANTS: tuple[tuple[str, str], ...] = (
    ("resnet*d", "He et al. 2019, arXiv:1812.01187"),
    ("*resnext*", "Xie et al. 2017, arXiv:1611.05431"),
    ("se_res*", "Hu et al. 2018, arXiv:1709.01507"),
    ("wide_resnet*", "Zagoruyko and Komodakis 2016, arXiv:1605.07146"),
    ("mbnetv2*", "Sandler et al. 2018, arXiv:1801.04381"),
    ("mbnetv3*", "Howard et al. 2019, arXiv:1905.02244"),
    ("*effnetv2*", "Tan and Le 2021, arXiv:2104.00298"),
    ("*efficientnetv2*", "Tan and Le 2021, arXiv:2104.00298"),
    ("convnextv2*", "Woo et al. 2023, arXiv:2301.00808"),
    ("deit3*", "Touvron et al. 2022, arXiv:2204.07118"),
    ("deit_*", "Touvron et al. 2021, arXiv:2012.12877"),
    ("*_clip_*", "Radford et al. 2021, arXiv:2103.00020"),
    ("beitv2*", "Peng et al. 2022, arXiv:2208.06366"),
    ("eva02*", "Fang et al. 2023, arXiv:2303.11331"),
    ("ghostnetv2*", "Tang et al. 2022, arXiv:2211.12905"),
    ("mobilevitv2*", "Mehta and Rastegari 2022, arXiv:2206.02680"),
    ("poolformerv2*", "Yu et al. 2022, arXiv:2210.13452"),
)
"""What some variants of a family are described in beside that."""


def papers_of(family: str, name: str = "") -> tuple[str, ...]:
    """The papers of a network: authors, year and arXiv number, its family's first.

    Example:
        >>> papers_of("resnet", "resnext50_32x4d")
        ('He et al. 2016, arXiv:1512.03385', 'Xie et al. 2017, arXiv:1611.05431')
    """
    own = [paper for pattern, paper in VARIANTS if fnmatch.fnmatchcase(name, pattern)]
    return tuple(dict.fromkeys((*PAPERS.get(family, ()), *own)))
