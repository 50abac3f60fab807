"""The model that a trial keeps, damaged or from somebody else."""

import json
import os

import keras
import pytest

from kerastune_lite import HyperParameters
from kerastune_lite.errors import SearchError
from kerastune_lite.study.layout import METADATA, MODEL
from kerastune_lite.training.hypermodel import Builder
from kerastune_lite.training.saved_model import load_model, save_model
from tests import tiny


def build(hp):
    return tiny.compiled(tiny.network(4))


def unbuilt(hp):
    return tiny.compiled(keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)]))


def load(directory, build_model=build):
    return load_model(Builder(build_model), HyperParameters(), directory)


@pytest.fixture
def saved(tmp_path):
    save_model(build(None), tmp_path, 3)
    return tmp_path


def test_a_model_whose_file_has_changed_is_refused_with_the_way_out(saved):
    content = bytearray((saved / MODEL).read_bytes())
    content[-2000] ^= 1
    (saved / MODEL).write_bytes(content)
    with pytest.raises(SearchError, match=r"model\.keras is damaged \(its checksum .*train the model again"):
        load(saved)


def test_a_damaged_model_of_version_0_1_is_refused_with_the_way_out(saved):
    (saved / METADATA).write_text('{"epoch": 3, "build": null}')
    (saved / MODEL).write_bytes(b"PK")
    with pytest.raises(SearchError, match=r"model\.keras cannot be used .*it is damaged, or build_model has changed"):
        load(saved)


def test_a_model_that_is_no_regular_file_is_refused(saved):
    (saved / MODEL).unlink()
    os.mkfifo(saved / MODEL)
    with pytest.raises(SearchError, match="is not a regular file"):
        load(saved)


def test_the_weights_of_another_architecture_are_refused(saved):
    with pytest.raises(SearchError, match="build_model has changed"):
        load(saved, lambda hp: tiny.compiled(tiny.network(5)))


def test_a_model_without_input_shape_is_built_from_the_recorded_shapes(tmp_path):
    model = unbuilt(None)
    model.build((None, 4))
    save_model(model, tmp_path, 1)
    assert load(tmp_path, unbuilt).count_params() == model.count_params()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[" * 5000, '{"epoch": "x"}'])
def test_damaged_metadata_of_a_model_that_needs_it_is_refused(tmp_path, content):
    model = unbuilt(None)
    model.build((None, 4))
    save_model(model, tmp_path, 1)
    (tmp_path / METADATA).write_text(content)
    with pytest.raises(SearchError, match=r"model\.json cannot be used"):
        load(tmp_path, unbuilt)


def test_recorded_shapes_name_no_class_that_is_made(tmp_path):
    model = unbuilt(None)
    model.build((None, 4))
    save_model(model, tmp_path, 1)
    metadata = json.loads((tmp_path / METADATA).read_text())
    lambda_layer = keras.saving.serialize_keras_object(keras.layers.Lambda(print))
    metadata["build"] = {"input_shape": lambda_layer}
    (tmp_path / METADATA).write_text(json.dumps(metadata))
    with pytest.raises(SearchError, match="it names a class"):
        load(tmp_path, unbuilt)
