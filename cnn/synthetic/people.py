"""Who is drawn: the proportions, colours, hair and belongings of one invented person.

Lengths are in head units: the head is about two units wide, x to the right, y down, the origin between the eyes
and the nose. No person exists; the ranges were chosen by eye.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnn.synthetic.canvas import Colour

_SKIN = (
    (198, 220, 250),
    (170, 200, 240),
    (150, 185, 228),
    (120, 158, 208),
    (95, 132, 184),
    (72, 106, 158),
    (60, 86, 132),
    (50, 68, 106),
)
"""Skin in blue, green, red, from light to dark; a person lies between two neighbours."""

_HAIR = {
    "black": (28, 24, 26),
    "dark brown": (30, 42, 62),
    "brown": (42, 68, 104),
    "auburn": (36, 58, 128),
    "ginger": (52, 104, 190),
    "blond": (110, 172, 218),
    "grey": (150, 150, 152),
    "white": (214, 216, 220),
    "blue": (150, 96, 48),
    "pink": (150, 110, 214),
}
_HAIR_SHARES = (0.27, 0.2, 0.16, 0.06, 0.05, 0.11, 0.08, 0.03, 0.02, 0.02)
_IRIS = ((40, 58, 88), (34, 44, 60), (96, 120, 70), (150, 118, 70), (120, 110, 96))
_CLOTHES = (
    (60, 60, 190),
    (160, 90, 40),
    (70, 130, 60),
    (50, 50, 54),
    (200, 200, 205),
    (40, 150, 210),
    (130, 60, 120),
    (120, 130, 30),
)

HAIR_STYLES: tuple[str, ...] = (
    "short",
    "side",
    "fringe",
    "long",
    "bob",
    "curly",
    "bun",
    "buzz",
    "bald",
    "beanie",
    "headscarf",
)
_STYLE_SHARES = (0.19, 0.13, 0.1, 0.15, 0.1, 0.12, 0.06, 0.06, 0.04, 0.03, 0.02)
BEARDS: tuple[str, ...] = ("none", "stubble", "moustache", "goatee", "full")
_BEARD_SHARES = (0.72, 0.1, 0.05, 0.05, 0.08)
GLASSES: tuple[str, ...] = ("none", "round", "square")
_GLASSES_SHARES = (0.82, 0.1, 0.08)


@dataclass(frozen=True)
class Person:
    """The traits of one invented person; lengths in head units, colours in blue, green, red."""

    cheek: float
    jaw: float
    chin: float
    chin_y: float
    eye_x: float
    eye_y: float
    eye_width: float
    eye_height: float
    eye_slant: float
    iris_radius: float
    brow_gap: float
    brow_thickness: float
    brow_arch: float
    nose_y: float
    nose_width: float
    mouth_y: float
    mouth_width: float
    lip_upper: float
    lip_lower: float
    age: float
    skin: Colour
    lips: Colour
    hair: Colour
    iris: Colour
    clothes: Colour
    hair_style: str
    hairline: float
    parting: float
    beard: str
    glasses: str
    lipstick: float


def draw_person(rng: np.random.Generator) -> Person:
    """Invent a person."""
    skin = _skin(rng)
    lipstick = float(rng.uniform(0.3, 0.8)) if rng.random() < 0.25 else 0.0
    beard = _choose(rng, BEARDS, _BEARD_SHARES) if lipstick == 0.0 else "none"
    age = float(rng.beta(1.4, 2.2))
    lips = _mix(_mix(skin, (90, 80, 170), 0.38), (60, 40, 190), lipstick)
    return Person(
        **_proportions(rng),
        age=age,
        skin=skin,
        lips=lips,
        hair=_hair(rng, age, skin),
        iris=_jitter(rng, _IRIS[int(rng.integers(len(_IRIS)))], 8),
        clothes=_jitter(rng, _CLOTHES[int(rng.integers(len(_CLOTHES)))], 25),
        hair_style=_choose(rng, HAIR_STYLES, _STYLE_SHARES),
        hairline=float(rng.normal(-0.78, 0.05)),
        parting=float(rng.uniform(-0.5, 0.5)),
        beard=beard,
        glasses=_choose(rng, GLASSES, _GLASSES_SHARES),
        lipstick=lipstick,
    )


def _proportions(rng: np.random.Generator) -> dict[str, float]:
    ranges = {
        "cheek": (0.88, 1.00),
        "jaw": (0.68, 0.86),
        "chin": (0.24, 0.40),
        "chin_y": (1.10, 1.24),
        "eye_x": (0.38, 0.44),
        "eye_y": (-0.15, -0.08),
        "eye_width": (0.185, 0.23),
        "eye_height": (0.062, 0.098),
        "eye_slant": (-0.035, 0.015),
        "iris_radius": (0.088, 0.105),
        "brow_gap": (0.24, 0.33),
        "brow_thickness": (0.05, 0.11),
        "brow_arch": (0.02, 0.10),
        "nose_y": (0.34, 0.45),
        "nose_width": (0.15, 0.25),
        "mouth_y": (0.68, 0.78),
        "mouth_width": (0.28, 0.37),
        "lip_upper": (0.045, 0.085),
        "lip_lower": (0.065, 0.115),
    }
    return {name: float(rng.uniform(low, high)) for name, (low, high) in ranges.items()}


def _skin(rng: np.random.Generator) -> Colour:
    place = rng.uniform(0, len(_SKIN) - 1)
    lower = int(place)
    upper = min(lower + 1, len(_SKIN) - 1)
    warm, light = rng.normal(0, 0.025), rng.normal(1, 0.03)
    blue, green, red = _mix(_SKIN[lower], _SKIN[upper], place - lower)
    return blue * (light - 1.5 * warm), green * (light - 0.3 * warm), min(250.0, red * (light + warm))


def _hair(rng: np.random.Generator, age: float, skin: Colour) -> Colour:
    shares = np.array(_HAIR_SHARES)
    if sum(skin) < 420:
        shares = shares * (6, 2, 0.4, 0.2, 0.02, 0.05, 1, 1, 0.5, 0.5)
    if age > 0.6:
        shares = shares * (0.5, 0.5, 0.5, 0.5, 0.5, 0.6, 5, 7, 0, 0)
    names = list(_HAIR)
    return _jitter(rng, _HAIR[names[int(rng.choice(len(names), p=shares / shares.sum()))]], 8)


def _choose(rng: np.random.Generator, names: tuple[str, ...], shares: tuple[float, ...]) -> str:
    return names[int(rng.choice(len(names), p=np.array(shares) / sum(shares)))]


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    return tuple(float(x + (y - x) * share) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def _jitter(rng: np.random.Generator, colour: Colour, spread: float) -> Colour:
    moved = np.clip(np.array(colour) + rng.normal(0, spread, 3), 8, 250)
    return tuple(float(value) for value in moved)  # type: ignore[return-value]
