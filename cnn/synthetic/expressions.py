"""What a face does when it smiles, mourns, marvels or rages: small tables of movements, in head units.

The movements are those that the Facial Action Coding System names (brow raiser, lid tightener, lip corner puller
and so on), one number each. An expression has several manners: a smile with closed lips is as happy as a laugh.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from cnn.errors import InputError


@dataclass(frozen=True)
class Muscles:
    """How far each part of a face is from rest. One unit is about half the width of a head."""

    brow_inner: float = 0.0
    """Inner ends of the brows, positive is up."""
    brow_outer: float = 0.0
    """Outer ends of the brows, positive is up."""
    brow_pinch: float = 0.0
    """Inner ends of the brows, towards each other."""
    lid_upper: float = 0.0
    """Upper lids, as a part of their height at rest, positive opens."""
    lid_lower: float = 0.0
    """Lower lids, as a part of their height at rest, positive closes (squint)."""
    lid_slant: float = 0.0
    """Outer corners of the eyes lower than the inner ones."""
    corner: float = 0.0
    """Corners of the mouth, positive is up."""
    skew: float = 0.0
    """One corner of the mouth up and the other down; its sign says which."""
    stretch: float = 0.0
    """Half the width of the mouth, as a part of its width at rest."""
    jaw: float = 0.0
    """Height of the opening between the lips."""
    square: float = 0.0
    """Shape of the opening: 0 is an ellipse, 1 nearly a rectangle."""
    teeth: float = 0.0
    """How much of the teeth shows, 0 to 1."""
    press: float = 0.0
    """Lips pressed thin, 0 to 1."""
    fold: float = 0.0
    """Folds from nose to mouth, 0 to 1."""
    frown: float = 0.0
    """Lines between the brows, 0 to 1."""
    forehead: float = 0.0
    """Lines across the forehead, 0 to 1."""
    nose: float = 0.0
    """Wings of the nose up and wide, 0 to 1."""


_MANNERS: dict[str, tuple[Muscles, ...]] = {
    "Neutral": (Muscles(), Muscles(jaw=0.02), Muscles(press=0.25)),
    "Happy": (
        Muscles(corner=0.15, stretch=0.30, lid_lower=0.40, lid_upper=-0.10, press=0.1, fold=0.7, brow_outer=0.02),
        Muscles(corner=0.16, stretch=0.32, jaw=0.15, square=0.25, teeth=1.0, lid_lower=0.5, lid_upper=-0.15, fold=0.9),
        Muscles(
            corner=0.18,
            stretch=0.30,
            jaw=0.28,
            square=0.1,
            teeth=0.8,
            lid_lower=0.65,
            lid_upper=-0.3,
            fold=1.0,
            brow_outer=0.04,
        ),
    ),
    "Sad": (
        Muscles(
            brow_inner=0.13,
            brow_outer=-0.07,
            brow_pinch=0.04,
            lid_upper=-0.22,
            lid_slant=0.04,
            corner=-0.13,
            forehead=0.3,
        ),
        Muscles(
            brow_inner=0.15,
            brow_outer=-0.06,
            brow_pinch=0.05,
            lid_upper=-0.30,
            lid_slant=0.05,
            corner=-0.15,
            stretch=-0.06,
            press=0.3,
            fold=0.35,
            frown=0.3,
        ),
        Muscles(
            brow_inner=0.14,
            brow_outer=-0.08,
            brow_pinch=0.05,
            lid_upper=-0.35,
            lid_lower=0.3,
            lid_slant=0.05,
            corner=-0.15,
            stretch=0.10,
            jaw=0.06,
            square=0.5,
            teeth=0.3,
            fold=0.5,
            frown=0.3,
        ),
    ),
    "Surprise": (
        Muscles(
            brow_inner=0.16, brow_outer=0.15, lid_upper=0.65, lid_lower=-0.2, jaw=0.30, stretch=-0.25, forehead=0.8
        ),
        Muscles(
            brow_inner=0.19, brow_outer=0.19, lid_upper=0.80, lid_lower=-0.3, jaw=0.44, stretch=-0.20, forehead=1.0
        ),
        Muscles(
            brow_inner=0.15, brow_outer=0.16, lid_upper=0.60, lid_lower=-0.2, jaw=0.17, stretch=-0.38, forehead=0.6
        ),
    ),
    "Angry": (
        Muscles(
            brow_inner=-0.15,
            brow_outer=0.05,
            brow_pinch=0.09,
            lid_upper=-0.15,
            lid_lower=0.3,
            lid_slant=-0.04,
            corner=-0.05,
            press=0.8,
            stretch=0.04,
            frown=1.0,
            nose=0.4,
        ),
        Muscles(
            brow_inner=-0.16,
            brow_outer=0.07,
            brow_pinch=0.10,
            lid_upper=0.10,
            lid_lower=0.25,
            lid_slant=-0.05,
            corner=-0.06,
            jaw=0.22,
            square=0.9,
            teeth=0.9,
            stretch=0.10,
            frown=1.0,
            nose=0.8,
            fold=0.6,
        ),
        Muscles(
            brow_inner=-0.15,
            brow_outer=0.06,
            brow_pinch=0.08,
            lid_upper=-0.05,
            lid_lower=0.35,
            lid_slant=-0.05,
            corner=-0.07,
            jaw=0.10,
            square=1.0,
            teeth=1.0,
            stretch=0.15,
            frown=0.9,
            nose=0.9,
            fold=0.6,
        ),
    ),
    "Fear": (
        Muscles(
            brow_inner=0.20,
            brow_outer=0.02,
            brow_pinch=0.06,
            lid_upper=0.6,
            lid_lower=0.1,
            corner=-0.06,
            stretch=0.25,
            jaw=0.14,
            square=0.6,
            teeth=0.4,
            forehead=0.6,
            frown=0.3,
        ),
    ),
    "Disgust": (
        Muscles(
            brow_inner=-0.08,
            brow_outer=-0.02,
            brow_pinch=0.05,
            lid_upper=-0.3,
            lid_lower=0.6,
            corner=-0.08,
            jaw=0.06,
            square=0.4,
            teeth=0.6,
            nose=1.0,
            fold=1.0,
            skew=0.02,
        ),
    ),
    "Contempt": (Muscles(skew=0.08, corner=0.02, lid_upper=-0.25, press=0.4, brow_outer=0.03, fold=0.3),),
}

NAMES: tuple[str, ...] = tuple(_MANNERS)
"""Every expression that can be drawn: the five classes, and three that datasets hold beside them."""

_REST_SPREAD = Muscles(
    brow_inner=0.018,
    brow_outer=0.022,
    brow_pinch=0.012,
    lid_upper=0.10,
    lid_lower=0.10,
    lid_slant=0.010,
    corner=0.016,
    skew=0.006,
    stretch=0.05,
    jaw=0.008,
    press=0.12,
    fold=0.10,
    frown=0.08,
    forehead=0.08,
)
"""How much faces at rest differ (standard deviations): why a subtle expression is ambiguous."""


def move(rng: np.random.Generator, expression: str, intensity: float) -> Muscles:
    """Choose one manner of an expression at a strength, on top of a face's own resting state.

    Parameters
    ----------
    rng
        The source of every choice.
    expression
        One of `NAMES`.
    intensity
        From 0 (the resting face) to 1 (the whole movement).

    Raises
    ------
    InputError
        `expression` is not one of `NAMES`.
    """
    if expression not in _MANNERS:
        raise InputError(f"`expression` must be one of {', '.join(NAMES)}. Got {expression!r}.")
    manners = _MANNERS[expression]
    chosen = manners[int(rng.integers(len(manners)))]
    strengths = intensity * rng.normal(1.0, 0.12, len(fields(Muscles)))
    rests = rng.normal(0.0, 1.0, len(fields(Muscles)))
    values = {
        field.name: getattr(chosen, field.name) * strength + getattr(_REST_SPREAD, field.name) * rest
        for field, strength, rest in zip(fields(Muscles), strengths, rests, strict=True)
    }
    return _possible(Muscles(**values), rng)


def _possible(muscles: Muscles, rng: np.random.Generator) -> Muscles:
    """Keep to what a face can do: no negative opening, no lids that cross."""
    return replace(
        muscles,
        jaw=max(0.0, muscles.jaw),
        lid_upper=max(-0.6, muscles.lid_upper),
        lid_lower=min(0.8, muscles.lid_lower),
        skew=muscles.skew * float(rng.choice([-1.0, 1.0])),
        **{name: float(np.clip(getattr(muscles, name), 0.0, 1.0)) for name in _PARTS},
    )


_PARTS = ("square", "teeth", "press", "fold", "frown", "forehead", "nose")


def draw_intensity(rng: np.random.Generator) -> float:
    """A strength between 0.35 and 1: mostly clear, sometimes subtle."""
    return float(0.35 + 0.65 * rng.beta(2.2, 1.3))
