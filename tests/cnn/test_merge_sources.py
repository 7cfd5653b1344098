"""Which reader a merge takes for a folder, and what it tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnn import synthetic
from cnn.errors import InputError
from cnn.merge import merge
from cnn.merge_params import MergeParams
from cnn.merge_sources import affectnet_form, read_sources
from cnn.store import SPLITS, load_faces
from runs.progress import silent


@pytest.mark.parametrize(
    ("entry", "form"),
    [
        ("training.csv", "affectnet"),
        ("validation.csv", "affectnet"),
        ("val_set/images/1.jpg", "affectnet_npy"),
        ("human_annotated/train_set/1.json", "affectnet_plus"),
        ("train_set/1.json", "affectnet_plus"),
        ("thesis.txt", "affectnet"),
    ],
)
def test_affectnet_is_told_by_its_layout(tmp_path: Path, entry: str, form: str) -> None:
    (tmp_path / entry).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / entry).touch()
    assert affectnet_form(tmp_path) == form


def test_a_folder_of_none_is_refused_by_the_csv_form(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lacks training\.csv, validation\.csv"):
        read_sources(tmp_path, {affectnet_form(tmp_path): tmp_path}, None, MergeParams(), silent)


def test_votes_make_fer2013_ferplus(tmp_path: Path) -> None:
    folder = tmp_path / "fer2013"
    synthetic.write_fer2013(folder, train=40, test=10, seed=1)
    params = MergeParams(max_skipped_share=1)
    for votes, name in ((None, "fer2013"), (folder, "ferplus")):
        (source,) = read_sources(tmp_path, {"fer2013": folder}, votes, params, silent)
        assert set(source.table["source"]) == {name}


def test_soft_labels_keep_more_faces(tmp_path: Path) -> None:
    folder = tmp_path / "fer2013"
    synthetic.write_fer2013(folder, train=200, test=10, seed=1)
    counts = []
    for labels in ("majority", "distribution"):
        params = MergeParams(ferplus_labels=labels, max_skipped_share=1)
        counts += [len(source.table) for source in read_sources(tmp_path, {"fer2013": folder}, folder, params, silent)]
    assert counts[0] < counts[1]


@pytest.mark.slow
def test_every_dataset_at_once_and_no_person_in_two_splits(tmp_path: Path) -> None:
    data = {name: tmp_path / name for name in ("fer2013", "affectnet", "ckplus", "mpi", "folders")}
    synthetic.write_fer2013(data["fer2013"], train=40, test=10, seed=1)
    synthetic.write_affectnet_npy(data["affectnet"], train=20, validation=10, seed=2)
    synthetic.write_ckplus(data["ckplus"], subjects=5, seed=3)
    synthetic.write_mpi(data["mpi"], actors=5, seed=4)
    synthetic.write_class_folders(data["folders"], each=3, seed=5)
    params = MergeParams(max_skipped_share=0.5, test_fraction=0.2)
    merge(tmp_path / "faces", params, ferplus=data["fer2013"], **data)
    table = load_faces(tmp_path / "faces").table
    assert set(table["source"]) == {"ferplus", "affectnet_npy", "ckplus", "mpi", "folder"}
    people = table[table["subject"] != ""].groupby(["source", "subject"])["split"]
    assert (people.nunique() == 1).all()
    assert set(people.first().loc["ckplus"]) == set(SPLITS)
    assert set(people.first().loc["mpi"]) == set(SPLITS)
