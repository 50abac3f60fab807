"""Workers of a search in a notebook."""

import nbformat
from nbclient import NotebookClient

CELL = """
import kerastune_lite as kt

offset = 0.25

def function(hp):
    print(f"x is {hp.Int('x', 0, 3)}")
    return offset + hp["x"]

results = kt.tune(
    function,
    objective=kt.Objective("error", "min"),
    max_trials=None,
    strategy=kt.strategies.Grid(),
    workers=2,
    verbose=0,
)
"""


def run(directory, *cells):
    """The text that each cell prints."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(directory)}}).execute()
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]


def test_functions_and_variables_of_a_notebook_reach_the_workers_and_their_output_comes_back(tmp_path):
    printed, scores = run(tmp_path, CELL, "print(sorted(trial.score for trial in results))")
    assert sorted(printed.splitlines()) == [f"trial {number} | x is {number}" for number in range(4)]
    assert scores == "[0.25, 1.25, 2.25, 3.25]\n"
