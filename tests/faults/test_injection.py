import os

import pytest

from tests.faults.cases import clean
from tests.faults.injection import FAULTS, Injector, Killed


def write(directory):
    """Three operations: open, write, replace."""
    with (directory / "part").open("wb") as file:
        file.write(b"0123456789")
    os.replace(directory / "part", directory / "whole")


def counted(directory, fault=None, moment=0):
    injector = Injector(directory, fault and FAULTS[fault], moment)
    with injector.watching():
        write(directory)
    return injector.operations


def test_changes_of_files_are_counted_in_their_order(tmp_path):
    assert counted(tmp_path) == ["open", "write", "replace"]


def test_changes_elsewhere_are_not_counted(tmp_path):
    injector = Injector(tmp_path / "watched")
    with injector.watching():
        write(tmp_path)
    assert injector.operations == []


@pytest.mark.parametrize(("moment", "left"), [(0, {}), (1, {"part": b""}), (2, {"part": b"0123456789"})])
def test_a_failure_leaves_what_came_before_it(tmp_path, moment, left):
    with pytest.raises(PermissionError):
        counted(tmp_path, "no permission", moment)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == left


def test_a_full_disk_takes_a_part_of_the_write(tmp_path):
    with pytest.raises(OSError, match="No space left"):
        counted(tmp_path, "full disk", 1)
    assert (tmp_path / "part").read_bytes() == b"01234"


def test_a_torn_write_is_the_last_operation(tmp_path):
    with pytest.raises(Killed):
        counted(tmp_path, "torn write", 1)
    assert b"0123456789".startswith((tmp_path / "part").read_bytes())
    assert not (tmp_path / "whole").exists()


def test_a_script_changes_its_files_in_the_same_order_each_time():
    name = "random, TensorBoard, stopping"
    assert clean.__wrapped__(name) == clean(name)
