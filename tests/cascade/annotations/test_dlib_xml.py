"""dlib's XML as imglab writes it."""

import pytest

from cascade.annotations import dlib_xml
from cascade.annotations.records import Annotation
from cascade.errors import InputError

TEXT = """<?xml version='1.0' encoding='ISO-8859-1'?>
<?xml-stylesheet type='text/xsl' href='image_metadata_stylesheet.xsl'?>
<dataset><name>x</name><comment>y</comment>
<images>
  <image file='a.jpg' width='500' height='332'>
    <box top='181' left='274' width='52' height='53'><label>face</label><part name='00' x='277' y='194'/></box>
    <box top='-3' left='0' width='9' height='9' ignore='1'/>
    <box top='1' left='2' width='3' height='4' difficult='1' pose='0'/>
    <box top='1' left='two' width='3' height='4'/>
  </image>
  <image file='sub/b.jpg'/>
  <image/>
</images></dataset>
"""


def save(folder, text=TEXT):
    path = folder / "d.xml"
    path.write_text(text)
    return path


def test_boxes_labels_ignored_and_landmarks(tmp_path):
    problems = []
    found = dlib_xml.read(save(tmp_path), problems)
    assert found == [
        Annotation(tmp_path / "a.jpg", ((274, 181, 52, 53),), 5, ("face",), ignored=((0, -3, 9, 9), (2, 1, 3, 4))),
        Annotation(tmp_path / "sub/b.jpg", (), 11),
    ]
    assert found[0].size == (500, 332)
    assert [(skip.line, skip.rule) for skip in problems] == [(9, "broken box"), (12, "broken image")]


def test_the_first_broken_element_is_an_error_with_its_line(tmp_path):
    with pytest.raises(InputError, match=r"d\.xml:9: broken box .got 'two 1 3 4'"):
        dlib_xml.read(save(tmp_path))


@pytest.mark.parametrize("text", ["<annotation/>", "<dataset/>", "<images><images/></images>"])
def test_other_xml_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="no <dataset> with <images>"):
        dlib_xml.read(save(tmp_path, text))


def test_written_boxes_are_marked_as_dlib_does(tmp_path):
    items = [Annotation(tmp_path / "a.png", ((1, 2, 3, 4),), labels=("<&>",), ignored=((5, 6, 7, 8),), size=(9, 8))]
    dlib_xml.write(tmp_path / "d.xml", items)
    text = (tmp_path / "d.xml").read_text()
    assert '<image file="a.png" width="9" height="8">' in text
    assert '<box left="5" top="6" width="7" height="8" ignore="1" />' in text
    assert dlib_xml.read(tmp_path / "d.xml")[0].labels == ("<&>",)


def test_names_that_xml_cannot_carry_are_reported(tmp_path):
    problems = []
    items = [Annotation(tmp_path / "a\x01.png", ()), Annotation(tmp_path / "b.png", ((1, 2, 3, 4),), labels=("a\nb",))]
    dlib_xml.write(tmp_path / "d.xml", items, problems)
    assert [skip.rule for skip in problems] == ["name unfit for XML"] * 2
    assert dlib_xml.read(tmp_path / "d.xml") == []
