"""The page's pictures: mistakes, class-activation maps, filters, activations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnn.errors import InputError
from cnn.explain import Method, block_activations, class_activation_maps, first_filters
from cnn.labels import EXPRESSIONS
from cnn.score.measured import Measured
from cnn.score.pictures import enlarged, jpeg_data, map_on_face, png_data, scaled, tiled
from runs.page import count, printable

_MISTAKES, _MAPPED_MISTAKES, _EXAMPLES = 48, 8, 6
_METHODS: dict[Method, str] = {"grad_cam": "mean, Grad-CAM", "hires_cam": "mean, HiResCAM"}
_FILTERS, _FILTER_COLUMNS, _FILTER_SIDE = 64, 16, 24
_CHANNELS, _CHANNEL_COLUMNS, _CHANNEL_SIDE = 24, 8, 46


@dataclass(frozen=True)
class Picture:
    """A picture of the page: `data` is its URI, `alt` what it shows, for who cannot see it; sizes in pixels."""

    data: str
    alt: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True)
class PictureRow:
    """Pictures side by side under a name."""

    name: str
    pictures: Sequence[Picture]


def worst_faces(measured: Measured, most: int) -> np.ndarray:
    """Positions of at most `most` wrongly answered faces, the most confident first."""
    order = np.argsort(-measured.confidence, kind="stable")
    return order[(measured.predicted != measured.labels)[order]][:most]


def mistakes(measured: Measured) -> list[dict[str, str]]:
    """The most confident mistakes, with true class, answer, confidence, and where each face is from."""
    rows = measured.table[["source", "row", "file"]].astype({"source": str, "file": str})
    shown = []
    for face in worst_faces(measured, _MISTAKES):
        true, said = _name(measured.labels[face]), _name(measured.predicted[face])
        source, row, file = rows.iloc[face]
        told = {"true": true, "said": said, "confidence": f"{measured.confidence[face]:.2f}"}
        told |= {"place": printable(f"{source}, {f'row {row}' if row else file}"), "file": printable(file)}
        shown.append({"data": png_data(measured.images[face]), "alt": f"{true} face taken for {said}", **told})
    return shown


def maps(measured: Measured, most: int) -> dict[str, Any]:
    """Rows of class-activation maps: of each class its right answers' mean and some of them, then of the mistakes."""
    if not most:
        return {"maps": [], "map_words": "Left out, as `explained_faces` is 0."}
    try:
        rows = [row for number in range(len(EXPRESSIONS)) if (row := _class_row(measured, number, most))]
        worst = worst_faces(measured, _MAPPED_MISTAKES)
        if len(worst):
            rows.append(PictureRow("The most confident mistakes, for what was said", _mapped(measured, worst)))
    except InputError as error:
        return {"maps": [], "map_words": printable(str(error))}
    words = (
        "Class-activation maps: a bright place spoke for the answer. Each is stretched to its own highest value. A row "
        f"begins with the mean over at most {most} right answers, by Grad-CAM and by HiResCAM, on their mean face; "
        "single faces are by HiResCAM, which holds more closely to what the network computes."
    )
    return {"maps": rows, "map_words": words}


def layers(measured: Measured) -> dict[str, Any]:
    """The first layer's filters, and what the blocks make of one face that is answered rightly."""
    words = (
        "The filters are on one scale, with 0 in the middle grey. Of each block the channels that vary most are shown, "
        "each stretched from its least value, black, to its highest, white."
    )
    try:
        filters = _filters(first_filters(measured.model))
    except InputError as error:
        filters, words = None, printable(str(error))
    face = _usual_face(measured)
    found = block_activations(measured.model, measured.images[face])
    blocks = [_block(one.layer, one.maps) for one in found]
    return {"filters": filters, "face": _face(measured, face), "blocks": blocks, "layer_words": words}


def _class_row(measured: Measured, number: int, most: int) -> PictureRow | None:
    found = np.flatnonzero((measured.labels == number) & (measured.predicted == number))
    if not len(found):
        return None
    chosen, name = np.sort(np.random.default_rng(number).permutation(found)[:most]), EXPRESSIONS[number]
    right = measured.predicted[chosen]
    faces, mean = measured.images[chosen], measured.images[chosen].mean(axis=0).round().astype(np.uint8)
    heat = {kind: scaled(class_activation_maps(measured.model, faces, right, method=kind)) for kind in _METHODS}
    means = [
        _picture(map_on_face(mean, scaled(one.mean(axis=0, keepdims=True))[0]), f"{name} faces, mean map", title)
        for title, one in zip(_METHODS.values(), heat.values(), strict=True)
    ]
    return PictureRow(
        f"{name}, {count(len(chosen), 'face')}", means + _pictures(measured, chosen[:_EXAMPLES], heat["hires_cam"])
    )


def _mapped(measured: Measured, faces: np.ndarray) -> list[Picture]:
    said = measured.predicted[faces]
    heat = class_activation_maps(measured.model, measured.images[faces], said, method="hires_cam")
    return _pictures(measured, faces, scaled(heat))


def _pictures(measured: Measured, faces: Iterable[int], heat: np.ndarray) -> list[Picture]:
    found = []
    for face, one in zip(faces, heat, strict=False):
        true, said = _name(measured.labels[face]), _name(measured.predicted[face])
        told = f"{said} {measured.confidence[face]:.2f}" + ("" if true == said else f", is {true}")
        alt = f"{true} face with the places that spoke for {said}"
        found.append(_picture(map_on_face(measured.images[face], one), alt, told))
    return found


def _picture(image: np.ndarray, alt: str, caption: str) -> Picture:
    return Picture(jpeg_data(image), alt, caption, image.shape[1], image.shape[0])


def _filters(kernels: np.ndarray) -> Picture:
    shown = kernels[:_FILTERS]
    sheet = tiled(shown, _FILTER_COLUMNS, signed=True, factor=max(2, _FILTER_SIDE // shown.shape[1]))
    size = f"{shown.shape[1]}x{shown.shape[2]}"
    words = f"{len(shown)} of {len(kernels)} filters of {size}"
    return Picture(png_data(sheet), f"Filters of the first layer, {size}", words, sheet.shape[1], sheet.shape[0])


def _block(layer: str, channels: np.ndarray) -> Picture:
    lively = np.sort(np.argsort(-channels.var(axis=(1, 2)), kind="stable")[:_CHANNELS])
    height, width = channels.shape[1:]
    sheet = tiled(channels[lively], _CHANNEL_COLUMNS, factor=max(1, round(_CHANNEL_SIDE / height)))
    words = f"{layer}: {len(lively)} of {len(channels)} channels of {height}x{width}"
    return Picture(png_data(sheet), f"Activations of the layer {layer}", words, sheet.shape[1], sheet.shape[0])


def _usual_face(measured: Measured) -> int:
    """The right answer of the middle confidence; the first face where none is right."""
    right = np.flatnonzero(measured.predicted == measured.labels)
    order = right[np.argsort(measured.confidence[right], kind="stable")]
    return int(order[len(order) // 2]) if len(order) else 0


def _face(measured: Measured, face: int) -> Picture:
    image, name = enlarged(measured.images[face]), _name(measured.labels[face])
    told = f"the face: {name}, said {_name(measured.predicted[face])} {measured.confidence[face]:.2f}"
    return _picture(image, f"The {name} face that the blocks below were given", told)


def _name(number: int) -> str:
    return EXPRESSIONS[int(number)]
