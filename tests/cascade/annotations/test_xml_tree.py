"""XML from strangers."""

import tracemalloc

import pytest

from cascade.annotations.xml_tree import fits, read_tree, root_name
from cascade.errors import InputError


def save(folder, text):
    path = folder / "a.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_elements_know_their_lines_and_unwanted_ones_are_read_over(tmp_path):
    root = read_tree(save(tmp_path, "<a>\n<b/>\n<part><b/>x<part/></part>\n<b>\n1</b></a>"), without={"part"})
    assert [(one.tag, one.line, one.text) for one in root] == [("b", 2, None), ("b", 4, "\n1")]


def test_latin_letters_as_dlib_writes_them(tmp_path):
    head = b"<?xml version='1.0' encoding='ISO-8859-1'?>"
    assert read_tree(save(tmp_path, head + b"<a>\xe9</a>")).text == "é"


BAD = {
    "<!DOCTYPE a [<!ENTITY x 'xx'>]><a>&x;</a>": "declares the document type `a`",
    "<a>": "a.xml:1: not whole XML .no element found",
    "<a>\n<b></a>": "a.xml:2: not whole XML .mismatched tag",
    "": "not whole XML",
    "<a>&x;</a>": "not whole XML .undefined entity",
    "<a>" * 65 + "</a>" * 65: "nested deeper than 64",
    "<?xml version='1.0' encoding='nonsense'?><a/>": "not whole XML .unknown encoding|does not parse",
}


@pytest.mark.parametrize("text", BAD)
def test_broken_and_hostile_files_are_refused_with_the_line(tmp_path, text):
    with pytest.raises(InputError, match=BAD[text]):
        read_tree(save(tmp_path, text))


def test_a_missing_and_a_huge_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_tree(tmp_path / "none.xml")
    with (tmp_path / "huge.xml").open("wb") as stream:
        stream.truncate(300 * 2**20)
    tracemalloc.start()
    with pytest.raises(InputError, match="larger than 256 MiB"):
        read_tree(tmp_path / "huge.xml")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_the_root_is_told_from_the_first_bytes(tmp_path):
    assert root_name(save(tmp_path, "\ufeff<?xml version='1.0'?>\n<!-- x -->\n<dataset a='1'>")) == "dataset"
    assert root_name(save(tmp_path, "a <b>")) == root_name(tmp_path / "none") == ""


@pytest.mark.parametrize(("text", "right"), [("a b ü<&😀", True), ("a\nb", False), (" a", False), ("\udce9", False)])
def test_what_xml_carries(text, right):
    assert fits(text) == right
