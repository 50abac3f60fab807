import random

import pytest

from kerastune_lite.errors import StudyChanged
from kerastune_lite.space.grid import discretized
from kerastune_lite.space.hp import Read
from kerastune_lite.space.kinds import Choice, Float, Int
from kerastune_lite.study.reads import Node, ReadsTree

A, B = Choice("a", (1, 2)), Int("b", 1, 2)


def path(*steps):
    return [Read(definition, value) for definition, value in steps]


def test_an_empty_tree_is_not_exhausted_and_its_walk_is_empty():
    assert ReadsTree().walk(None) == {}


def test_a_walk_ends_where_nobody_has_been():
    tree = ReadsTree()
    tree.add(0, path((A, 1), (B, 1)), closed=True)
    assert tree.walk(None) == {"a": 1, "b": 2}
    tree.add(1, path((A, 1), (B, 2)), closed=True)
    assert tree.walk(None) == {"a": 2}


def test_a_tree_whose_every_branch_is_closed_is_exhausted():
    tree = ReadsTree()
    for number, values in enumerate([(1, 1), (1, 2), (2, 1), (2, 2)]):
        tree.add(number, path((A, values[0]), (B, values[1])), closed=True)
    assert tree.walk(None) is None


def test_a_path_that_is_not_closed_exhausts_nothing():
    tree = ReadsTree()
    tree.add(0, path((A, 1)), closed=False)
    tree.add(1, path((A, 2)), closed=True)
    assert tree.walk(None) == {"a": 1}


def test_a_range_is_exhausted_only_where_points_are_given():
    tree = ReadsTree()
    definition = Float("x", 0, 1)
    for number, value in enumerate((0.0, 0.5, 1.0)):
        tree.add(number, path((definition, value)), closed=True)
    assert tree.walk(None, discretized(3)) is None
    assert tree.walk(lambda definition: 0.25) == {"x": 0.25}


def test_the_owner_of_a_path_is_the_first_trial_that_read_it_to_its_end():
    tree = ReadsTree()
    tree.add(4, path((A, 1)), closed=True)
    tree.add(5, path((A, 1)), closed=True)
    assert (tree.owner(path((A, 1))), tree.owner(path((A, 2)))) == (4, None)


def test_another_definition_at_one_place_is_told_with_both():
    tree = ReadsTree()
    tree.add(0, path((A, 1), (B, 1)), closed=True)
    with pytest.raises(StudyChanged) as caught:
        tree.check(path((A, 1), (Int("b", 1, 3), 1)))
    text = str(caught.value)
    assert all(part in text for part in ("a=1", "max_value=2", "max_value=3", "extend=True", "overwrite=True"))


def test_the_same_name_may_be_defined_otherwise_at_another_place():
    tree = ReadsTree()
    tree.add(0, path((A, 1), (B, 1)), closed=True)
    tree.check(path((A, 2), (Int("b", 1, 3), 1)))


def test_the_size_of_what_was_not_seen_is_guessed_from_what_was():
    tree = ReadsTree()
    assert tree.root.size() == 1
    tree.add(0, path((A, 1), (B, 1)), closed=True)
    assert tree.root.size() == 4
    tree.add(1, path((A, 2)), closed=True)
    assert tree.root.size() == 3


@pytest.mark.parametrize("method", [ReadsTree.walk, lambda tree, choose: tree.root.size()])
def test_a_space_may_be_deeper_than_pythons_stack(method):
    tree, deep = ReadsTree(), [Choice(f"c{index}", (1, 2)) for index in range(5000)]
    tree.add(0, path(*((definition, 1) for definition in deep)), closed=True)
    assert method(tree, None)


def test_a_deep_walk_with_a_running_trial_finds_another_way():
    tree, deep = ReadsTree(), [Choice(f"c{index}", (1, 2)) for index in range(2000)]
    tree.add(0, path(*((definition, 1) for definition in deep)), closed=False)
    for node in tree.way({definition.name: 1 for definition in deep}):
        node.reserved += 1
    values = tree.walk(None)
    assert values == {definition.name: 1 for definition in deep[:-1]} | {"c1999": 2}


def test_a_place_that_is_defined_otherwise_is_open_again():
    tree = ReadsTree()
    for number, value in enumerate((1, 2)):
        tree.add(number, path((A, 1), (B, value)), closed=True)
        tree.add(number + 2, path((A, 2), (B, value)), closed=True)
    assert tree.root.exhausted()
    tree.add(4, path((A, 1), (Int("b", 1, 3), 3)), closed=True)
    assert not tree.root.exhausted()
    assert tree.walk(None) == {"a": 1, "b": 1}


def test_an_exhausted_tree_gives_a_chooser_nothing():
    tree = ReadsTree()
    for number, value in enumerate((1, 2)):
        tree.add(number, path((A, value)), closed=True)
    assert tree.root.exhausted()
    assert tree.walk(lambda definition: definition.from_unit(0.0)) is None


def test_values_whose_reads_broke_off_are_untried_until_their_trial_runs():
    tree = ReadsTree()
    tree.add(0, path((A, 1)), closed=False)
    assert tree.untried({"a": 1})
    tree.root.branch(1).reserved += 1
    assert not tree.untried({"a": 1})


def test_a_level_of_a_running_trial_is_taken_before_an_exhausted_one_whatever_the_chooser_likes():
    tree = ReadsTree()
    tree.add(0, path((A, 1)), closed=True)
    tree.add(1, path((A, 2)), closed=False)
    tree.root.branch(2).reserved += 1
    assert tree.walk(lambda definition: 1) == {"a": 2}


@pytest.fixture
def visits(monkeypatch):
    """One entry for each time that a node is asked what lies below a value."""
    asked, branch = [], Node.branch
    monkeypatch.setattr(Node, "branch", lambda node, value: asked.append(node) or branch(node, value))
    return asked


@pytest.mark.parametrize("depth", [500, 1000])
def test_a_walk_down_a_path_visits_each_node_a_few_times(visits, depth):
    tree = ReadsTree()
    tree.add(0, path(*((Choice(f"c{index}", (1,)), 1) for index in range(depth)), (Float("x", 0, 1), 0.5)), closed=True)
    tree.walk(lambda definition: definition.from_unit(0.25))
    assert len(visits) <= 7 * depth


@pytest.mark.parametrize("levels", [500, 1000])
def test_sampling_each_of_many_levels_hardly_ever_lists_them(monkeypatch, levels):
    listed, free_values = [], Node.free_values
    monkeypatch.setattr(Node, "free_values", lambda node, view: listed.append(free_values(node, view)) or listed[-1])
    tree, definition, rng = ReadsTree(), Int("n", 1, levels), random.Random(0)
    tree.add(0, path((definition, 1)), closed=True)
    for number in range(1, levels):
        values = tree.walk(lambda shown: shown.from_unit(rng.random()))
        tree.add(number, path((definition, values["n"])), closed=True)
    assert sorted(map(int, tree.root.branches)) == list(range(1, levels + 1))
    assert sum(map(len, listed)) <= 10


def test_another_definition_replaces_what_was_read_there():
    tree = ReadsTree()
    tree.add(0, path((A, 1), (B, 1)), closed=True)
    wider = Int("b", 1, 3)
    tree.add(1, path((A, 1), (wider, 3)), closed=True)
    assert (tree.owner(path((A, 1), (wider, 3))), tree.owner(path((A, 1), (wider, 1)))) == (1, None)


def test_a_branch_that_reads_on_after_all_is_open_again():
    tree = ReadsTree()
    for number, value in enumerate((1, 2)):
        tree.add(number, path((A, value)), closed=True)
    assert tree.walk(None) is None
    tree.add(0, path((A, 1), (B, 1)), closed=True)
    assert tree.walk(None) == {"a": 1, "b": 2}
