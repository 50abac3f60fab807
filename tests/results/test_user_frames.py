import pytest

from kerastune_lite.executors import attempt
from kerastune_lite.results.user_frames import from_user_code

HEAD = "Traceback (most recent call last):\n"
OURS = f'  File "{attempt.__file__}", line 22, in _ended\n    return function(task, send)\n           ^^^^^^^^\n'
KERAS = '  File "/venv/lib/python3.11/site-packages/keras/src/utils/traceback_utils.py", line 122, in error_handler\n'
USERS = '  File "/home/me/keras/train.py", line 5, in build_model\n    raise ValueError\n'
BETWEEN = "\nDuring handling of the above exception, another exception occurred:\n\n"
REPEATED = "  [Previous line repeated 9 more times]\n"
END = "ValueError: no\n  indented\n"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (HEAD + OURS + OURS + USERS + END, HEAD + USERS + END),
        (HEAD + OURS + KERAS + USERS + KERAS + END, HEAD + USERS + KERAS + END),
        (HEAD + OURS + KERAS + END, HEAD + KERAS + END),
        (HEAD + OURS + END, HEAD + OURS + END),
        (
            HEAD + OURS + USERS + END + BETWEEN + HEAD + OURS + USERS + END,
            HEAD + USERS + END + BETWEEN + HEAD + USERS + END,
        ),
        (HEAD + OURS + USERS + REPEATED + END, HEAD + USERS + REPEATED + END),
        ("the process died", "the process died"),
        ("", ""),
    ],
)
def test_a_traceback_is_shown_from_the_users_code_on(error, shown):
    assert from_user_code(error) == shown
