"""Pascal VOC: corners from 1, difficult objects, the places of pictures, broken files."""

import pytest

from cascade.annotations import voc
from cascade.annotations.records import Annotation
from cascade.errors import InputError

DOG = """<annotation>
  <folder>VOC2012</folder><filename>2007_000027.jpg</filename>
  <size><width>486</width><height>500</height><depth>3</depth></size>
  <object>
    <name>person</name><difficult>0</difficult>
    <bndbox><xmax>349</xmax><xmin>174</xmin><ymax>351.4</ymax><ymin>100.6</ymin></bndbox>
    <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
  </object>
  <object><name>dog</name><difficult>1</difficult>
    <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>1</xmax><ymax>1</ymax></bndbox></object>
  <object><name>cat</name><bndbox><xmin>one</xmin></bndbox></object>
</annotation>
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations/a.xml").write_text(DOG)
    return tmp_path


def test_corners_count_from_one_and_both_belong_to_the_box(folder):
    problems = []
    (found,) = voc.read(folder, problems)
    assert (found.boxes, found.labels) == (((173, 100, 176, 251),), ("person",))
    assert (found.ignored, found.ignored_labels, found.size) == (((0, 0, 1, 1),), ("dog",), (486, 500))
    file = str(folder / "Annotations/a.xml")
    assert [(skip.file, skip.line, skip.rule, skip.value) for skip in problems] == [
        (file, 11, "broken box", "'one   '")
    ]
    with pytest.raises(InputError, match=r"a\.xml:11: broken box"):
        voc.read(folder)


@pytest.mark.parametrize("place", ["JPEGImages", "Annotations", "VOC2012", "Annotations/VOC2012", "images"])
def test_pictures_are_found_where_tools_put_them(folder, place):
    (folder / place).mkdir(exist_ok=True)
    (folder / place / "2007_000027.jpg").write_bytes(b"x")
    assert voc.read(folder, [])[0].picture.resolve() == folder / place / "2007_000027.jpg"


def test_labelimgs_absolute_path_is_the_last_resort(folder):
    picture = folder / "elsewhere.jpg"
    picture.write_bytes(b"x")
    text = DOG.replace("<size>", f"<path>{picture}</path><size>")
    (folder / "Annotations/a.xml").write_text(text)
    assert voc.read(folder, [])[0].picture == picture


def test_a_broken_file_is_reported_and_others_are_read(folder):
    (folder / "Annotations/b.xml").write_text("<annotation>\n<object>")
    (folder / "Annotations/other.xml").write_text("<dataset/>")
    problems = []
    assert len(voc.read(folder, problems)) == 1
    assert [skip.rule for skip in problems] == ["broken box", "broken file"]
    assert "b.xml:2: not whole XML" in problems[1].value
    assert len(voc.read(folder / "Annotations/a.xml", [])) == 1


def test_a_folder_without_voc_files(tmp_path):
    with pytest.raises(InputError, match="holds no VOC file"):
        voc.read(tmp_path)


def test_names_that_xml_cannot_carry_are_reported(tmp_path, pictures):
    items = [Annotation(tmp_path / "a\nb.png", ()), Annotation(pictures[0], ((1, 2, 3, 4),))]
    problems = []
    voc.write(tmp_path / "out", items, problems)
    assert [skip.rule for skip in problems] == ["name unfit for XML"]
    assert [item.boxes for item in voc.read(tmp_path / "out")] == [((1, 2, 3, 4),)]
    with pytest.raises(InputError, match="name unfit for XML"):
        voc.write(tmp_path / "other", items)
    assert not (tmp_path / "other").exists()


def test_a_used_folder_is_not_touched(folder):
    with pytest.raises(InputError, match="is there already"):
        voc.write(folder, [])
