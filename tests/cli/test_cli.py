"""The command line."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kerastune_lite as kt
from kerastune_lite.cli import main
from kerastune_lite.cli.studies import Study
from kerastune_lite.cli.watch import sparkline
from kerastune_lite.study.events import Started
from kerastune_lite.study.layout import MODEL, STOP_REQUEST, WEIGHTS, checkpoint_directory
from kerastune_lite.study.store import Journal
from tests.fakes import opened

ROOT = Path(__file__).parent.parent.parent
ERROR = kt.Objective("error", "min")


def bowl(hp, report):
    x = hp.Float("x", -1, 1)
    for epoch in range(1, 4):
        report(epoch, {"error": (x - 0.3) ** 2 + 1 / epoch})


def study(directory, name="study", function=bowl, trials=12, **options):
    options = {"objective": ERROR, "seed": 1, "verbose": 0, **options}
    return kt.tune(function, max_trials=trials, directory=directory, project_name=name, **options)


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("logs")
    study(directory, "a")
    study(directory, "b", trials=3)
    return directory


def history_of(directory):
    return Study.read(directory).history


def said(capsys, *words, code=0):
    """What a command prints; its exit code must be `code`."""
    assert main([str(word) for word in words]) == code
    out, err = capsys.readouterr()
    return out + err


def test_status_has_a_line_for_each_study(logs, capsys):
    lines = said(capsys, "status", logs).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [str(logs / "a"), str(logs / "b")]
    assert "12 of 12" in lines[1]
    assert "ended: max_trials=12 reached" in lines[1]


def test_status_as_json(logs, capsys):
    first, second = json.loads(said(capsys, "status", logs, "--json"))
    assert (first["trials"], second["trials"]) == (12, 3)
    assert first["by_status"] == {"completed": 12}
    assert first["best"]["score"] == history_of(logs / "a").best.score


def test_show_prints_the_best_trials_and_importance(logs, capsys):
    printed = said(capsys, "show", logs / "a", "--trials", "3")
    assert len([line for line in printed.splitlines() if line[:1].isdigit()]) == 3
    assert "importance: x 100%" in printed


def test_show_as_json_has_the_curves(logs, capsys):
    found = json.loads(said(capsys, "show", logs / "a", "--trials", "2", "--json"))
    assert len(found["best_trials"]) == 2
    assert list(found["best_trials"][0]["curves"][0]) == ["1", "2", "3"]
    assert found["importance"] == {"x": 1.0}


def test_the_values_of_the_best_trial_are_json(logs, capsys):
    values = json.loads(said(capsys, "best", logs / "a", "--values"))
    assert values == dict(history_of(logs / "a").best.values)


def test_the_model_of_the_best_trial_is_copied(tmp_path, capsys):
    best = study(tmp_path).best
    place = checkpoint_directory(tmp_path / "study", best.number)
    place.mkdir(parents=True)
    assert "there is no model of trial" in said(capsys, "best", tmp_path / "study", "--save", tmp_path / "m", code=1)
    (place / WEIGHTS).write_bytes(b"w")
    assert "only its weights are kept" in said(capsys, "best", tmp_path / "study", "--save", tmp_path / "m", code=1)
    (place / MODEL).write_bytes(b"model")
    said(capsys, "best", tmp_path / "study", "--save", tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == b"model"


def test_all_trials_are_exported_as_rows(logs, capsys, tmp_path):
    said(capsys, "export", logs / "a", "--csv", tmp_path / "a.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text())))
    assert [int(row["number"]) for row in rows] == [trial.number for trial in Study.read(logs / "a").results]


def test_all_trials_are_exported_as_json(logs, capsys):
    assert len(json.loads(said(capsys, "export", logs / "a", "--json", "-"))["trial_list"]) == 12


def test_a_place_that_cannot_be_written_is_named(logs, capsys, tmp_path):
    printed = said(capsys, "export", logs / "a", "--csv", tmp_path / "none" / "a.csv", code=1)
    assert f"cannot write {tmp_path / 'none' / 'a.csv'}: No such file or directory" in printed


def test_diff_names_what_differs_and_its_exit_code_tells(logs, capsys):
    printed = said(capsys, "diff", logs / "a", logs / "b", code=3)
    assert "best x" in printed
    assert "seed" not in printed
    assert said(capsys, "diff", logs / "a", logs / "a") == "no difference\n"


def test_watch_prints_what_there_is_to_see(logs, capsys):
    printed = said(capsys, "watch", logs / "a", "--once")
    assert "12 of 12 trials, 12 completed" in printed
    assert "best error" in printed


def test_watch_ends_with_the_search(logs, capsys):
    assert "12 completed" in said(capsys, "watch", logs / "a")


@pytest.mark.parametrize(
    ("values", "bars"),
    [([], ""), ([1, 1], "▁▁"), ([0, float("nan"), 7], "▁█"), (range(8), "▁▂▃▄▅▆▇█"), ([0.0, float("inf")], "▁▁")],
)
def test_a_sparkline_shows_finite_values_by_height(values, bars):
    assert sparkline(list(values)) == bars


@pytest.mark.parametrize("command", ["show", "best", "watch", "stop", "resume"])
def test_a_directory_without_a_study_is_named_with_studies_below_it(logs, command, capsys):
    printed = said(capsys, command, logs, code=1)
    assert f"{logs} is no study: it has no study.jsonl; there are {logs / 'a'}, {logs / 'b'}" in printed


def test_a_study_without_trials_has_no_best(tmp_path, capsys):
    Journal(tmp_path).close()
    assert "none of the 0 trials finished with a score" in said(capsys, "best", tmp_path, code=3)
    assert "empty" in said(capsys, "status", tmp_path)


def test_names_of_hyperparameters_are_shown_printable(tmp_path, capsys):
    study(tmp_path, function=lambda hp: hp.Float("\x1b[31mred\u202e", 0, 1), trials=12)
    for words in (["show"], ["best"], ["watch", "--once"]):
        printed = said(capsys, words[0], tmp_path / "study", *words[1:])
        assert "\x1b" not in printed
        assert "\u202e" not in printed


def test_stop_asks_a_running_search_to_end(tmp_path, capsys):
    def function(hp, report):
        for epoch in range(1, 4):
            if report(epoch, {"error": hp.Float("x", 0, 1)}):
                return
            if not asked:
                asked.append(epoch)
                assert main(["stop", str(tmp_path / "study")]) == 0

    asked: list[int] = []
    results = study(tmp_path, function=function, trials=5)
    assert [(trial.status, trial.epoch) for trial in results] == [("paused", 2)]
    assert "asked to stop by " in history_of(tmp_path / "study").notes["search ended"]
    assert not (tmp_path / "study" / STOP_REQUEST).exists()
    assert {trial.status for trial in study(tmp_path, function=function, trials=5)} == {"completed"}


def test_only_a_running_search_can_be_stopped(logs, capsys):
    assert "is not being searched: ended: max_trials=12 reached" in said(capsys, "stop", logs / "a", code=1)


def test_a_search_whose_process_is_gone_is_not_running(tmp_path, capsys):
    journal = Journal(tmp_path)
    journal.append(opened())
    journal.append(Started(trial=0, attempt=1, values={}))
    journal.close()
    (tmp_path / "study.lock").write_text("process 999999999 on elsewhere\n")
    assert "running: on elsewhere, or its process has died there" in said(capsys, "status", tmp_path)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_and_options(shell, capsys):
    printed = said(capsys, "completion", shell)
    assert "status" in printed
    assert "values" in printed


COMPLETED = [
    ("ex", "export"),
    ("show logs --tr", "--trials"),
    ("run --search ra", "random"),
    ("completion fi", "fish"),
    ("best logs --save READ", "README.md"),
]
needs_fish = pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")


def completion_of(shell):
    return f"{sys.executable} -m kerastune_lite completion {shell}"


def shell_says(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=120).stdout


@pytest.mark.parametrize(("typed", "found"), [*COMPLETED, ("run --trials R", "")])
def test_the_completion_of_bash_completes(typed, found):
    words = f"COMP_WORDS=(kerastune-lite {typed}); COMP_CWORD={len(typed.split())}"
    command = f'eval "$({completion_of("bash")})"; {words}; _kerastune_lite; echo "${{COMPREPLY[@]}}"'
    assert shell_says("bash", "-c", command) == f"{found}\n"


# A terminal of its own, since only that completes. It waits for what must appear, which is not what was typed.
ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -U compinit && compinit -u -D; eval "$({completion})"; print REA""DY'
zpty -r -m shell said '*READY*'
zpty -w -n shell $'kerastune-lite {typed}\t'
zpty -r -m shell said '*{found}*'
print -r -- completed
"""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(("typed", "found"), COMPLETED)
def test_the_completion_of_zsh_completes(typed, found):
    script = ZSH.format(completion=completion_of("zsh"), typed=typed, found=found)
    assert shell_says("zsh", "-f", "-c", script) == "completed\n"


@needs_fish
@pytest.mark.parametrize(("typed", "found"), [*COMPLETED, ("run --trials R", "")])
def test_the_completion_of_fish_completes(typed, found):
    command = f'{completion_of("fish")} | source; complete -C "kerastune-lite {typed}"'
    assert shell_says("fish", "--no-config", "-c", command).split() == ([found] if found else [])


@needs_fish
@pytest.mark.parametrize(
    ("typed", "offered"), [("completion ", ["bash", "zsh", "fish"]), ("run --search ", ["random", "grid", "bayesian"])]
)
def test_fish_offers_choices_and_no_files(typed, offered):
    command = f'{completion_of("fish")} | source; complete -C "kerastune-lite {typed}"'
    assert sorted(shell_says("fish", "--no-config", "-c", command).split()) == sorted(offered)


@pytest.mark.parametrize("words", [[], ["nothing"], ["show"], ["export", "logs"], ["show", "logs", "--trials", "0"]])
def test_wrong_arguments_end_with_exit_code_2(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words)


def test_reading_loads_no_heavy_library(logs):
    code = (
        "import sys; from kerastune_lite.cli import main; "
        "commands = ['status'], ['best'], ['export', '--csv', '-'], ['watch', '--once']; "
        f"[main([*words, {str(logs / 'a')!r}]) for words in commands]; "
        "print(sorted({'tensorflow', 'keras', 'numpy', 'scipy', 'matplotlib', 'tensorboard'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_pipe_that_nobody_reads_ends_quietly(logs):
    command = f"{sys.executable} -m kerastune_lite export {logs / 'a'} --json - | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("{", "")


MODEL_SCRIPT = """
import keras
import numpy as np


def build_model(hp):
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    hp.Int("units", 1, 8)
    model.compile("sgd", loss="mse", run_eagerly=True)
    return model


def load_data():
    x = np.zeros((8, 4), "float32")
    return (x, x[:, 0]), (x, x[:, 0])
"""


def test_run_searches_a_script_and_resume_continues_it(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_of_cli.py").write_text(MODEL_SCRIPT)
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ["run", "model_of_cli.py", "--data", "model_of_cli.py", "--search", "random", "--trials", "2", "--epochs"]
    said(capsys, *words, "1", "--seed", "1")
    assert len(history_of(tmp_path / "logs" / "study")) == 2
    printed = said(capsys, "resume", tmp_path / "logs" / "study", "--yes")
    assert f"in {tmp_path}: kerastune-lite run model_of_cli.py" in printed
    assert "resuming: 2 trials recorded" in printed


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("none.py", "there is no script none.py"),
        ("no_such_module:f", "there is no module 'no_such_module'"),
        ("json:nothing", "json has no 'nothing'; give json:NAME"),
    ],
)
def test_a_function_that_is_not_there_is_named(tmp_path, capsys, monkeypatch, target, message):
    monkeypatch.chdir(tmp_path)
    assert message in said(capsys, "run", target, "--data", target, code=1)


def test_a_study_that_a_script_searched_is_resumed_by_the_script(logs, capsys):
    assert "was not searched by `kerastune-lite run`" in said(capsys, "resume", logs / "a", code=1)
