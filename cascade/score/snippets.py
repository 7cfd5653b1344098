"""Code to copy: the recommended operating point in OpenCV's Python and C++."""

from __future__ import annotations

import json

from cascade.score.params import EvaluateCascadeParams

_PYTHON = """import cv2

classifier = cv2.CascadeClassifier({name})
grey = cv2.imread("picture.jpg", cv2.IMREAD_GRAYSCALE)
boxes, counts = classifier.detectMultiScale2(
    grey,
    scaleFactor={scale_factor:g},
    minNeighbors={min_neighbors},
    minSize=({min_size}, {min_size}),{most}
)
for (x, y, width, height), count in zip(boxes, counts):
    print(x, y, width, height, count)
"""

_CPP = """#include <opencv2/imgcodecs.hpp>
#include <opencv2/objdetect.hpp>
// OpenCV 5: <opencv2/xobjdetect.hpp>

int main() {{
    cv::CascadeClassifier classifier({name});
    auto grey = cv::imread("picture.jpg", cv::IMREAD_GRAYSCALE);
    std::vector<cv::Rect> boxes;
    classifier.detectMultiScale(
        grey, boxes,
        {scale_factor:g},  // scaleFactor
        {min_neighbors},  // minNeighbors
        0,  // flags, of no use today
        cv::Size({min_size}, {min_size}){most});
}}
"""


def python_code(name: str, min_neighbors: int, params: EvaluateCascadeParams) -> str:
    """Detection in Python with the cascade file `name`."""
    most = f"\n    maxSize=({params.max_size}, {params.max_size})," if params.max_size else ""
    return _filled(_PYTHON, name, min_neighbors, params, most)


def cpp_code(name: str, min_neighbors: int, params: EvaluateCascadeParams) -> str:
    """Detection in C++ with the cascade file `name`."""
    most = f",\n        cv::Size({params.max_size}, {params.max_size})" if params.max_size else ""
    return _filled(_CPP, name, min_neighbors, params, most)


def _filled(code: str, name: str, min_neighbors: int, params: EvaluateCascadeParams, most: str) -> str:
    quoted = json.dumps(name, ensure_ascii=False)
    return code.format(
        name=quoted,
        scale_factor=params.scale_factor,
        min_neighbors=min_neighbors,
        min_size=params.min_size,
        most=most,
    ).strip()
