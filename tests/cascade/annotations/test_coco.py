"""COCO's json: the published layout, rounding, ignored boxes, and every way an entry can be broken."""

import json

import pytest

from cascade.annotations import coco
from cascade.annotations.records import Annotation
from cascade.errors import InputError


def save(folder, annotations, **more):
    images = [{"id": 1, "file_name": "a.png", "width": 30, "height": 20}, {"id": "two", "file_name": "sub/b.png"}]
    data = {"images": images, "annotations": annotations, "categories": [{"id": 7, "name": "face"}], **more}
    path = folder / "c.json"
    path.write_text(json.dumps(data))
    return path


def entry(**changes):
    return {"image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4], **changes}


def test_boxes_labels_ignored_and_pictures_without(tmp_path):
    path = save(
        tmp_path,
        [
            entry(),
            entry(bbox=[0.4, 0.5, 10.2, 9.0], segmentation=[[1, 2]], iscrowd=0),
            entry(iscrowd=1),
            entry(ignore=1, bbox=[5, 5, 5, 5]),
        ],
    )
    found = coco.read(path)
    assert found == [
        Annotation(
            tmp_path / "a.png",
            ((1, 2, 3, 4), (0, 1, 11, 9)),
            labels=("face", "face"),
            ignored=((1, 2, 3, 4), (5, 5, 5, 5)),
            ignored_labels=("face", "face"),
        ),
        Annotation(tmp_path / "sub/b.png", ()),
    ]
    assert [item.size for item in found] == [(30, 20), None]


def test_categories_may_be_missing(tmp_path):
    assert coco.read(save(tmp_path, [entry()], categories=[]))[0].labels == ("7",)
    assert coco.read(save(tmp_path, [entry(category_id=None)], categories=[]))[0].labels == ()


def test_pictures_in_cocos_own_layout_are_found(tmp_path):
    for folder in ("annotations", "val2017"):
        (tmp_path / folder).mkdir()
    (tmp_path / "val2017/a.png").write_bytes(b"x")
    path = save(tmp_path, []).rename(tmp_path / "annotations/instances_val2017.json")
    assert coco.read(path)[0].picture.resolve() == tmp_path / "val2017/a.png"


BROKEN = [
    (entry(image_id=9), "unknown image", r"annotations\[0\]: 9"),
    (entry(image_id=[]), "unknown image", r"\[\]"),
    (entry(category_id=8), "unknown category", "8"),
    (entry(bbox=None), "broken box", "None"),
    (entry(bbox=[1, 2, 3]), "broken box", r"\[1, 2, 3\]"),
    (entry(bbox=[1, 2, 3, "4"]), "broken box", "'4'"),
    (entry(bbox=[1, 2, 3, float("nan")]), "broken box", "nan"),
    (entry(bbox=[1, 2, 3, 10**400]), "broken box", "1000"),
    ("text", "broken entry", "'text'"),
]


@pytest.mark.parametrize(("broken", "rule", "value"), BROKEN)
def test_a_broken_entry_is_reported_and_the_others_are_read(tmp_path, broken, rule, value):
    path = save(tmp_path, [broken, entry()])
    problems = []
    assert coco.read(path, problems)[0].boxes == ((1, 2, 3, 4),)
    assert [(skip.file, skip.rule) for skip in problems] == [(str(path), rule)]
    with pytest.raises(InputError, match=f"c.json: {rule} .got .*{value}"):
        coco.read(path)


def test_broken_images_are_reported(tmp_path):
    images = [{"id": 1, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}, {"id": 2}, {"id": 3, "file_name": "\0"}]
    problems = []
    assert len(coco.read(save(tmp_path, [entry()], images=images), problems)) == 1
    assert [skip.rule for skip in problems] == ["image id twice", "broken image", "broken image"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[1", "not whole JSON"),
        ("[]", "no list `images`"),
        ('{"images": 5}', "no list `images`"),
        ('{"images": [], "annotations": {}}', "`annotations` must be a list"),
        ("[" * 100000, "not whole JSON"),
        ("\xff", "not whole JSON"),
    ],
)
def test_other_files_are_refused(tmp_path, text, why):
    (tmp_path / "c.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=why):
        coco.read(tmp_path / "c.json")


def test_what_is_written_is_the_published_layout(tmp_path, pictures):
    items = [Annotation(pictures[0], ((1, 2, 3, 4),), ignored=((5, 6, 7, 8),), ignored_labels=("face",))]
    coco.write(tmp_path / "c.json", [*items, Annotation(tmp_path / "none.png", ())])
    data = json.loads((tmp_path / "c.json").read_text())
    assert data["categories"] == [{"id": 1, "name": "face"}, {"id": 2, "name": "object"}]
    first, second = data["annotations"]
    assert first == {"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0}
    assert (second["id"], second["iscrowd"], second["ignore"]) == (2, 1, 1)
    assert [(image["id"], image.get("width"), image.get("height")) for image in data["images"]] == [
        (1, 640, 480),
        (2, None, None),
    ]
