"""Whatever lies in event files, the tab stays, and the other studies and trials are served."""

import json

import pytest
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2

from kerastune_lite.observers.tensorboard import EventFile
from kerastune_lite_tensorboard import records
from tests.plugin.served import STUDY, TRIAL, Served, written


class RawFile(EventFile.__mro__[1]):
    """An event file of any content."""

    def __init__(self, run):
        run.mkdir(parents=True)
        self._stream = (run / "events.out.tfevents.1.other").open("wb")
        super().__init__(self._stream, 1.0)

    def tensor(self, tag, tensor):
        described = summary_pb2.SummaryMetadata(
            plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="kerastune_lite"),
            data_class=summary_pb2.DATA_CLASS_TENSOR,
        )
        value = summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=described)
        self._write(event_pb2.Event(wall_time=2.0, summary=summary_pb2.Summary(value=[value])))

    def close(self):
        self._stream.close()


def text(*contents):
    return tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=list(contents))


TENSORS = {
    "no JSON": text(b"{"),
    "not UTF-8": text(b"\xff\xfe{}"),
    "a list": text(b"[1, 2]"),
    "another version": text(json.dumps({**TRIAL, "number": 1, "v": 2}).encode()),
    "nested deeply": text(b'{"v":1,"values":' + b"[" * 100_000),
    "an integer of many digits": text(b'{"v":1,"number":' + b"1" * 10_000 + b"}"),
    "another trial's number": text(json.dumps(TRIAL).encode()),
    "a number beyond JavaScript's": text(json.dumps({**TRIAL, "number": 2**60}).encode()),
    "several texts": tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING,
        string_val=[b"{}", b"{}"],
        tensor_shape={"dim": [{"size": 2}]},
    ),
    "no text": tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0]),
    "a type that does not exist": tensor_pb2.TensorProto(dtype=types_pb2.DT_INVALID),
    "too large": text(b'{"v":1,"number":1,"reason":"' + b"x" * 4_000_000 + b'"}'),
}


@pytest.fixture
def directory(tmp_path):
    written(tmp_path / "_tuning", "tuning/study", STUDY)
    written(tmp_path / "trial_0000", "tuning/trial", TRIAL)
    return tmp_path


@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS)
def test_a_trial_that_cannot_be_read_leaves_the_others(directory, tensor):
    file = RawFile(directory / "trial_0001")
    file.tensor("tuning/trial", tensor)
    file.close()
    answer = Served(directory).study()
    assert [trial["number"] for trial in answer["trials"]] == [0]
    assert answer["study"]["name"] == "handmade"


@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS)
def test_a_study_that_cannot_be_read_leaves_the_others(directory, tensor):
    file = RawFile(directory / "other" / "_tuning")
    file.tensor("tuning/study", tensor)
    file.close()
    server = Served(directory)
    assert [study["name"] for study in server.studies()] == ["handmade"]
    assert server.study("other")["study"] is None


def test_an_analysis_that_cannot_be_read_is_none(directory):
    file = RawFile(directory / "other" / "_tuning")
    file.tensor("tuning/study", text(json.dumps(STUDY).encode()))
    file.tensor("tuning/analysis", text(b"nonsense"))
    file.close()
    assert Served(directory).study("other")["analysis"] is None


def test_a_trial_is_served_again_when_its_record_has_become_readable(directory):
    written(directory / "trial_0001", "tuning/trial", {"v": 1}, wall=1.0)
    server = Served(directory)
    token = server.study()["token"]
    written(directory / "trial_0001", "tuning/trial", {**TRIAL, "number": 1}, wall=2.0)
    server.reload()
    assert [trial["number"] for trial in server.study(since=token)["trials"]] == [1]


ODD = [None, True, -1, 0.5, 10**400, "text", [], [[]], [[1]], [[[1, 2, 3]]], {}, {"a": {"b": []}}, [None], [{}]]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize(
    ("read", "record", "fields"),
    [
        (records.trial_of, TRIAL, records._TRIAL),
        (records.study_of, STUDY, records._STUDY),
        (records.analysis_of, {"v": 1}, records._ANALYSIS),
    ],
)
def test_a_field_that_holds_something_else_never_raises_and_spares_the_other_fields(read, record, fields, odd):
    whole = read(json.dumps(record))
    for name in fields:
        found = read(json.dumps({**record, name: odd}))
        assert found is None or {**found, name: None} == {**whole, name: None}
        json.dumps(found, allow_nan=False)


def test_numbers_that_are_no_json_are_left_out():
    found = records.trial_of('{"v":1,"number":0,"score":NaN,"deviation":Infinity,"started":1e999,"duration":-Infinity}')
    assert [found[name] for name in ("score", "deviation", "started", "duration")] == [None] * 4


def test_the_names_of_numbers_that_json_cannot_hold_are_kept():
    curve = [[1, "nan"], [2, 0.5], [3, "-inf"]]
    assert records.trial_of(json.dumps({**TRIAL, "curves": [curve]}))["curves"] == [curve]


def test_names_and_values_of_any_text_are_kept():
    values = {"<img src=x onerror=alert(1)>": "\u202egnp", "__proto__": "\ud800", "n" * 9_000: "v" * 9_000}
    assert records.trial_of(json.dumps({**TRIAL, "values": values}))["values"] == values


def test_one_wrong_item_leaves_the_others():
    line = {"x": [1], "mean": [1], "low": [1], "high": [1]}
    analysis = {"v": 1, "slices": {"a": line, "b": {**line, "x": [[1, 2]]}}, "contours": [{"x": "a"}, 7]}
    found = records.analysis_of(json.dumps(analysis))
    assert (list(found["slices"]), [contour["x"] for contour in found["contours"]]) == (["a"], ["a"])
    trial = {**TRIAL, "values": {"x": None, "y": [1], "z": 2}, "spans": [[1, None, None], ["?"]]}
    found = records.trial_of(json.dumps(trial))
    assert (found["values"], found["spans"]) == ({"x": None, "z": 2}, [[1, None, None]])
    study = {**STUDY, "space": [{"name": "x"}, {"name": 1}], "diagnostics": ["text", {"text": "widen"}]}
    found = records.study_of(json.dumps(study))
    assert [definition["name"] for definition in found["space"]] == ["x"]
    assert [finding["text"] for finding in found["diagnostics"]] == ["widen"]
