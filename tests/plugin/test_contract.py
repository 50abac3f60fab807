"""What a search writes is what the plugin serves, through TensorBoard's loader and data provider."""

import gzip
import json

import pytest

from kerastune_lite.analysis.records import study_record, trial_record
from kerastune_lite.observers.tensorboard import SearchBoard
from kerastune_lite.study.events import Ended, ReadsRecorded, Reported, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests import fakes
from tests.plugin.served import STUDY, TRIAL, Served, written

ACCURACY = Objective("val_accuracy", "max")


def train(hp, report):
    units = hp.Choice("units", [16, 32])
    rate = hp.Float("rate", 1e-4, 1e-1, sampling="log")
    for epoch in range(1, 4):
        if report(epoch, {"loss": 1 / epoch, "val_accuracy": units / 100 + rate - 1 / epoch}):
            return


def searched(directory, function=train, **options):
    options = {"objective": ACCURACY, "reports": True, "max_trials": 3, "epochs": 3, **options}
    return fakes.search(function, observers=[SearchBoard(directory)], **options)


def plain(record):
    return json.loads(json.dumps(record))


@pytest.fixture
def running(tmp_path):
    """A search whose events a test sends by hand: (send, server)."""
    directory = tmp_path / "study" / "tensorboard"
    board, history = SearchBoard(directory), History()

    def send(*events):
        for event in events:
            history.apply(event)
            board(event, history)

    send(fakes.opened(objective=ACCURACY), Started(trial=0, attempt=1, values={}), reads(0))
    yield send, Served(directory), history
    board.close()


def reads(trial):
    return ReadsRecorded(trial=trial, values={}, definitions=(), space=(), complete=True)


def reported(trial, epoch, value):
    return Reported(trial=trial, execution=0, epoch=epoch, metrics={"val_accuracy": value})


def test_every_trial_is_served_as_its_record(tmp_path):
    history = searched(tmp_path / "digits" / "tensorboard")
    answer = Served(tmp_path / "digits" / "tensorboard").study()
    assert answer["trials"] == [plain(trial_record(trial, history)) for trial in history.trials]


def test_the_study_is_served_as_its_record(tmp_path):
    history = searched(tmp_path / "digits" / "tensorboard")
    answer = Served(tmp_path / "digits" / "tensorboard").study()
    assert answer["study"] == plain(study_record(history, name="digits"))
    assert (answer["full"], answer["removed"]) == (True, [])
    assert answer["study"]["state"] == "finished"


def test_the_analysis_is_served(tmp_path):
    searched(tmp_path, max_trials=12)
    analysis = Served(tmp_path).study()["analysis"]
    assert analysis["trials"] == 12
    assert {name for name, _ in analysis["importance"]["all"]} == {"units", "rate"}
    assert set(analysis["slices"]) == {"units", "rate"}


def test_several_studies_of_one_directory_are_listed_by_run(tmp_path):
    for name in ("b", "a"):
        searched(tmp_path / name / "tensorboard", max_trials=2 if name == "a" else 1)
    studies = Served(tmp_path).studies()
    assert [(study["run"], study["name"], study["trials"], study["state"]) for study in studies] == [
        ("a/tensorboard", "a", 2, "finished"),
        ("b/tensorboard", "b", 1, "finished"),
    ]


def test_studies_that_share_a_directory_keep_their_trials_apart(tmp_path):
    for name in ("a", "b"):
        board = SearchBoard(tmp_path / "runs", shared_by=tmp_path / name)
        fakes.search(train, observers=[board], objective=ACCURACY, reports=True, max_trials=2)
    server = Served(tmp_path / "runs")
    studies = server.studies()
    assert sorted(study["name"] for study in studies) == ["a", "b"]
    assert [[trial["number"] for trial in server.study(study["run"])["trials"]] for study in studies] == [[0, 1]] * 2


def test_the_study_in_the_log_directory_itself_has_no_run(tmp_path):
    searched(tmp_path)
    assert [study["run"] for study in Served(tmp_path).studies()] == [""]


def test_an_answer_to_a_known_token_has_only_what_has_changed(running):
    send, server, _ = running
    before = server.study()
    assert [trial["status"] for trial in before["trials"]] == ["running"]
    send(Started(trial=1, attempt=1, values={}), reads(1))
    server.reload()
    after = server.study(since=before["token"])
    assert not after["full"]
    assert [trial["number"] for trial in after["trials"]] == [1]
    assert after["study"]["budget_used"] == 2
    assert after["analysis"] is None
    assert server.study(since=after["token"]) == {**after, "study": None, "trials": []}


def test_an_epoch_changes_the_record_of_its_trial(running, monkeypatch):
    monkeypatch.setattr("kerastune_lite.observers.tensorboard.board.affordable", lambda seconds, burst: 1000)
    send, server, history = running
    token = server.study()["token"]
    for epoch, value in ((1, 0.5), (2, 0.75)):
        send(reported(0, epoch, value))
        server.reload()
        answer = server.study(since=token)
        assert answer["trials"] == [plain(trial_record(history[0], history))]
        assert answer["trials"][0]["score"] == value
        token = answer["token"]


def test_a_trial_that_ends_is_served_once_whether_or_not_its_unfinished_run_is_still_known(running):
    send, server, _ = running
    token = server.study()["token"]
    send(reported(0, 1, 0.5), Ended(trial=0))
    server.reload()  # adds the new run, before the old one is found to be gone
    (trial,) = server.study(since=token)["trials"]
    assert trial["status"] == "completed"
    server.reload()
    assert [trial["status"] for trial in server.study()["trials"]] == ["completed"]


def test_a_trial_that_turns_out_to_be_a_duplicate_is_removed(running):
    send, server, _ = running
    send(Started(trial=1, attempt=1, values={}), reads(1))
    server.reload()
    token = server.study()["token"]
    send(Ended(trial=1, outcome="duplicate"))
    server.reload()
    answer = server.study(since=token)
    assert (answer["trials"], answer["removed"]) == ([], [1])
    assert server.study()["removed"] == []


@pytest.mark.parametrize("token", ["", "nonsense", "0-0-0", "-1", "1e9", "٣", "9" * 5000])
def test_a_token_of_another_server_is_answered_with_everything(tmp_path, token):
    searched(tmp_path, max_trials=1)
    response = Served(tmp_path).get("/study", run="", since=token)
    if len(token) > 4096:
        assert response.status_code == 400
    else:
        answer = json.loads(response.data)
        assert (answer["full"], len(answer["trials"])) == (True, 1)


def test_a_token_of_the_future_is_answered_with_everything(tmp_path):
    searched(tmp_path, max_trials=1)
    server = Served(tmp_path)
    start, _, version = server.study()["token"].rpartition("-")
    assert server.study(since=f"{start}-{int(version) + 1}")["full"]


def test_an_unchanged_study_is_not_read_again(tmp_path):
    searched(tmp_path)
    server = Served(tmp_path)
    token = server.study()["token"]
    read = len(server.provider.asked)
    server.reload()
    assert server.study(since=token)["trials"] == []
    assert len(server.provider.asked) == read


def test_only_what_has_changed_is_read(running):
    send, server, _ = running
    server.study()
    send(Started(trial=1, attempt=1, values={}), reads(1))
    server.reload()
    server.study()
    assert server.provider.asked[-1].runs == {"trial_0001_unfinished", "_tuning"}


def test_the_list_of_studies_reads_no_trial(tmp_path):
    searched(tmp_path)
    server = Served(tmp_path)
    server.studies()
    assert [asked.tags for asked in server.provider.asked] == [{"tuning/study"}]


def test_a_study_that_does_not_exist_is_not_found(tmp_path):
    searched(tmp_path, max_trials=1)
    server = Served(tmp_path)
    for run in ("other", "..", "/etc", "_tuning"):
        assert server.get("/study", run=run).status_code == 404


def test_without_a_run_the_study_that_changed_last_is_served(tmp_path):
    for name, updated in (("a", 1.0), ("b", 3.0), ("c", 2.0)):
        written(tmp_path / name / "_tuning", "tuning/study", {**STUDY, "updated": updated})
    answer = json.loads(Served(tmp_path).get("/study").data)
    assert (answer["run"], answer["study"]["updated"]) == ("b", 3.0)


def test_without_a_run_and_without_a_study_nothing_is_served(tmp_path):
    response = Served(tmp_path).get("/study")
    assert (response.status_code, json.loads(response.data)) == (200, None)


def test_a_study_whose_runs_are_gone_is_not_served_any_more(tmp_path):
    written(tmp_path / "a" / "_tuning", "tuning/study", STUDY)
    written(tmp_path / "b" / "_tuning", "tuning/study", STUDY)
    server = Served(tmp_path)
    server.study("a")
    for file in (tmp_path / "a" / "_tuning").iterdir():
        file.unlink()
    (tmp_path / "a" / "_tuning").rmdir()
    server.reload()
    assert [study["run"] for study in server.studies()] == ["b"]
    assert server.get("/study", run="a").status_code == 404


def test_the_run_with_the_later_record_of_a_trial_is_the_valid_one(tmp_path):
    """A failed trial that is tried again is unfinished after it had ended."""
    written(tmp_path / "_tuning", "tuning/study", STUDY)
    written(tmp_path / "trial_0000", "tuning/trial", {**TRIAL, "status": "failed"}, wall=5.0)
    written(tmp_path / "trial_0000_unfinished", "tuning/trial", TRIAL, wall=6.0)
    server = Served(tmp_path)
    assert [trial["status"] for trial in server.study()["trials"]] == ["running"]


def test_an_answer_is_compressed_for_whom_accepts_it(tmp_path):
    searched(tmp_path, max_trials=1)
    server = Served(tmp_path)
    (app,) = [app for route, app in server.plugin.get_plugin_apps().items() if route == "/study"]
    from werkzeug.test import Client

    response = Client(app).get("/study", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(response.data))["full"]


@pytest.mark.parametrize("name", ["index.js", "page.js", "charts.js"])
def test_the_page_is_served_as_it_is_on_disk(tmp_path, name):
    (tmp_path / name).write_text("export function render() {}")
    server = Served(tmp_path, static=tmp_path)
    response = server.get(f"/{name}")
    assert response.content_type.startswith("text/javascript")
    assert response.data == b"export function render() {}"
    (tmp_path / name).write_text("export function render() { return 1; }")
    assert server.get(f"/{name}").data.endswith(b"{ return 1; }")


def test_without_a_built_page_the_tab_says_how_to_build_it(tmp_path):
    content = Served(tmp_path, static=tmp_path).get("/index.js").data
    assert b"export function render" in content
    assert b"npm run build" in content


def test_nothing_can_be_written_through_the_plugin(tmp_path):
    server = Served(tmp_path)
    routes = server.plugin.get_plugin_apps()
    assert [server.get(route, method="POST").status_code for route in routes] == [405] * len(routes)


def test_no_other_file_is_served(tmp_path):
    modules = {"/index.js", "/page.js", "/charts.js"}
    assert set(Served(tmp_path).plugin.get_plugin_apps()) == {*modules, "/studies", "/study"}


def test_a_directory_without_studies_has_none(tmp_path):
    assert Served(tmp_path).studies() == []
