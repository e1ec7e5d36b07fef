"""What hearts of each pathology look like: shares, means and spreads of the subtypes, so that classes overlap."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from cinemyo.labels import Pathology, View
from cinemyo.sources.phantom.anatomy import Heart, Septum

Spread = tuple[float, float]
"""Mean and standard deviation; draws stay within two of them."""


@dataclass(frozen=True)
class Subtype:
    """One look of a pathology; lengths in mm, of men."""

    name: str
    share: float
    """Of the patients of its pathology."""
    diameter: Spread
    length: Spread
    ejection: Spread
    wall: Spread
    extra: Spread
    """Focal thickening on top of the wall."""
    level: float
    reach: float
    focus: float
    bulge: float
    shortening: Spread
    bluntness: float = 2.3
    apical_extra: Spread = (0.0, 0.0)
    taper: float = 0.1
    apex_wall: float = 5.0
    borderline: bool = False
    """Drawn where the classes overlap."""


_NORMAL: Final = Subtype(
    name="typical",
    share=0.87,
    diameter=(52, 3.5),
    length=(94, 6),
    ejection=(0.59, 0.04),
    wall=(6.2, 0.6),
    extra=(1.6, 0.5),
    level=0.15,
    reach=0.3,
    focus=2.0,
    bulge=0.0,
    shortening=(14, 1.5),
)
_HCM: Final = Subtype(
    name="septal",
    share=0.61,
    diameter=(45, 3.5),
    length=(90, 7),
    ejection=(0.69, 0.05),
    wall=(9.2, 1.0),
    extra=(10.5, 2.2),
    level=0.4,
    reach=0.35,
    focus=0.9,
    bulge=0.35,
    shortening=(11, 1.5),
)
_DCM: Final = Subtype(
    name="dilated",
    share=0.87,
    diameter=(67, 4.5),
    length=(105, 8),
    ejection=(0.31, 0.07),
    wall=(7.2, 0.7),
    extra=(0.8, 0.3),
    level=0.2,
    reach=0.4,
    focus=1.0,
    bulge=-0.1,
    shortening=(6.5, 1.5),
    bluntness=2.6,
    taper=0.0,
)

# fmt: off
_ATHLETE = replace(_NORMAL, name="athlete", share=0.07, diameter=(59, 1.8), ejection=(0.53, 0.025), wall=(9.4, 0.5),
                   extra=(3.2, 0.7), level=0.35, reach=0.4, borderline=True)
_SIGMOID = replace(_NORMAL, name="sigmoid_septum", share=0.06, diameter=(49, 3), ejection=(0.61, 0.04), wall=(7, 0.5),
                   extra=(5.8, 0.8), level=0.05, reach=0.15, borderline=True)
_BASAL = replace(_HCM, name="basal", share=0.08, diameter=(46, 3), ejection=(0.68, 0.05), wall=(8.4, 0.7),
                 extra=(10, 1.5), level=0.15, reach=0.25, focus=1.6, bulge=0.3)
_APICAL = replace(_HCM, name="apical", share=0.08, diameter=(46, 3), ejection=(0.68, 0.05), wall=(8.6, 0.7),
                  extra=(2, 0.5), level=0.3, reach=0.3, focus=1.5, bulge=0.0, apical_extra=(16, 3), taper=0.8,
                  apex_wall=14)
_CONCENTRIC = replace(_HCM, name="concentric", share=0.1, diameter=(44, 3), ejection=(0.67, 0.05), wall=(15, 1.2),
                      extra=(3, 0.7), level=0.4, reach=0.5, focus=1.0, bulge=0.0, apex_wall=9)
_BURNT_OUT = replace(_HCM, name="burnt_out", share=0.04, diameter=(56, 2.5), ejection=(0.46, 0.03), wall=(9.5, 0.6),
                     extra=(7, 1), level=0.4, reach=0.4, focus=1.0, bulge=0.15, borderline=True)
_BORDERLINE = replace(_HCM, name="borderline", share=0.09, diameter=(47.5, 2.5), ejection=(0.64, 0.04), wall=(8.5, 0.5),
                      extra=(4.7, 0.8), level=0.3, reach=0.4, focus=1.2, bulge=0.15, borderline=True)
_MILD = replace(_DCM, name="mild", share=0.13, diameter=(60.5, 1.5), ejection=(0.455, 0.03), wall=(7.4, 0.6),
                extra=(1, 0.3), shortening=(9, 1), borderline=True)
# fmt: on

SUBTYPES: Final[dict[Pathology, tuple[Subtype, ...]]] = {
    "normal": (_NORMAL, _ATHLETE, _SIGMOID),
    "hcm": (_HCM, _BASAL, _APICAL, _CONCENTRIC, _BURNT_OUT, _BORDERLINE),
    "dcm": (_DCM, _MILD),
}
"""Source: domain facts, E.1 and E.2, tuned so that ejection fraction, diameter and wall tell 94 to 98 % apart."""

WOMEN: Final[dict[Pathology, float]] = {"normal": 0.92, "hcm": 0.95, "dcm": 0.95}
"""Lengths of women's hearts relative to men's."""


def subtype_at(pathology: Pathology, share: float) -> Subtype:
    """The subtype in which a share from 0 to 1 of the cumulated shares lies."""
    options = SUBTYPES[pathology]
    edges = np.cumsum([option.share for option in options])
    return options[min(int(np.searchsorted(edges, share, side="right")), len(options) - 1)]


def draw_heart(rng: np.random.Generator, *, subtype: Subtype, scale: float) -> Heart:
    """A heart of the subtype; `scale` multiplies its lengths."""
    septum = Septum(
        extra_mm=_draw(rng, subtype.extra) * scale,
        angle=float(np.pi + rng.normal(0.5, 0.15)),
        focus=subtype.focus,
        level=subtype.level + rng.uniform(-0.05, 0.05),
        reach=subtype.reach,
        bulge=subtype.bulge,
    )
    big = subtype.wall[0] > 8
    return Heart(
        diameter=_draw(rng, subtype.diameter) * scale,
        length=_draw(rng, subtype.length) * scale,
        ejection=_draw(rng, subtype.ejection),
        bluntness=subtype.bluntness + rng.uniform(-0.15, 0.15),
        taper=subtype.taper,
        wall=_draw(rng, subtype.wall) * scale,
        septum=septum,
        apical_extra=_draw(rng, subtype.apical_extra) * scale,
        apex_wall=subtype.apex_wall,
        shortening=_draw(rng, subtype.shortening),
        papillary=rng.uniform(4, 5.5) if big else rng.uniform(3, 4.2),
        right_width=rng.uniform(23, 31) * scale,
        right_ejection=0.55 * _draw(rng, subtype.ejection) / 0.6 + rng.uniform(0, 0.05),
        atrium=rng.uniform(46, 58) * scale,
    )


def _draw(rng: np.random.Generator, spread: Spread) -> float:
    mean, deviation = spread
    return mean + deviation * float(np.clip(rng.standard_normal(), -2, 2))


def is_typical(subtype: Subtype, *, view: View, level: float) -> bool:
    """Whether the pathology shows in this view; `level` is that of a short axis, 0 at the base, 1 at the apex.

    Source: Germain 2021, Table 1 (hypertrophy of the basal septum is not seen on the vertical long axis)
    """
    if subtype.name == "basal":
        return view == "four_chamber" or (view == "short_axis" and level < 0.45)
    if subtype.name == "apical":
        return view != "short_axis" or level > 0.5
    return True
