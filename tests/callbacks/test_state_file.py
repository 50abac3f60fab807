import io
import json
import os
import zipfile

import numpy as np
import pytest

from kerastune_lite.callbacks.state_file import StateDamaged, read_state, write_state

ARRAYS = {"model/0": np.arange(6, dtype=np.float32).reshape(2, 3), "flag": np.array(True), "none": np.zeros((0, 2))}


@pytest.fixture
def path(tmp_path):
    write_state(tmp_path / "resume.npz", {"epoch": 1}, ARRAYS)
    return tmp_path / "resume.npz"


def members(path, **arrays):
    """Writes an npz file as version 0.1 did, or as an attacker would."""
    np.savez(path, **arrays)


def facts(**metadata):
    return np.frombuffer(json.dumps(metadata).encode(), dtype=np.uint8)


def test_what_is_written_is_read(path):
    metadata, arrays = read_state(path)
    assert metadata["epoch"] == 1
    assert {name: (array.dtype, array.tolist()) for name, array in arrays.items()} == {
        name: (array.dtype, array.tolist()) for name, array in ARRAYS.items()
    }


def test_every_flipped_bit_is_noticed(path):
    content = path.read_bytes()
    unnoticed = []
    for position in range(len(content) * 8):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << position % 8
        path.write_bytes(damaged)
        try:
            read_state(path)
        except StateDamaged:
            continue
        unnoticed.append(position)
    assert unnoticed == []


@pytest.mark.parametrize("length", [0, 1, 100, -1, -4, -5])
def test_a_file_that_is_cut_is_noticed(path, length):
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(StateDamaged):
        read_state(path)


def test_bytes_at_the_end_are_noticed(path):
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(StateDamaged):
        read_state(path)


def test_a_file_that_is_not_there_is_no_damage(tmp_path):
    assert read_state(tmp_path / "resume.npz") is None


def test_a_fifo_and_a_directory_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    for name in ("fifo", "directory"):
        with pytest.raises(StateDamaged, match="is not a regular file"):
            read_state(tmp_path / name)


def test_a_file_of_version_0_1_has_no_checksum_and_is_read(tmp_path):
    members(tmp_path / "old.npz", facts=facts(epoch=2), **{"model/0": np.ones((2, 2), order="F")})
    metadata, arrays = read_state(tmp_path / "old.npz")
    assert (metadata, arrays["model/0"].tolist()) == ({"epoch": 2}, [[1.0, 1.0], [1.0, 1.0]])


def test_a_header_that_claims_a_huge_array_allocates_none(tmp_path):
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        for name in ("facts", "model/0"):
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (1 << 50,)})
            archive.writestr(f"{name}.npy", header.getvalue())
    with pytest.raises(StateDamaged, match="not as long as its header says"):
        read_state(tmp_path / "huge.npz")


def test_a_compressed_file_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", facts=facts(epoch=1), zeros=np.zeros(100_000))
    with pytest.raises(StateDamaged, match="is compressed"):
        read_state(tmp_path / "bomb.npz")


@pytest.mark.parametrize(
    "text",
    [b"[]", b"1", b"{", b"\xff", b"[" * 100_000, b'{"format": 3}', b'{"format": 2, "arrays": [["a", "O", [1]]]}'],
)
def test_metadata_that_is_none_of_ours_is_damage(tmp_path, text):
    members(tmp_path / "odd.npz", facts=np.frombuffer(text, dtype=np.uint8), data=np.zeros(8, dtype=np.uint8))
    with pytest.raises(StateDamaged):
        read_state(tmp_path / "odd.npz")


def test_pickled_objects_are_not_read(tmp_path):
    members(tmp_path / "pickle.npz", facts=facts(epoch=1), model=np.array([print], dtype=object))
    with pytest.raises(StateDamaged):
        read_state(tmp_path / "pickle.npz")
