"""Where everything of a study lies: the files below `DIRECTORY/PROJECT_NAME/`."""

from pathlib import Path

JOURNAL = "study.jsonl"
LOCK = "study.lock"
BOARD = "tensorboard"
CHECKPOINTS = "checkpoints"
FILES = "files"
COMMAND = "command.json"  # of `kerastune-lite run`
STOP_REQUEST = "stop_request"

# In a trial's checkpoint directory: the kept model (only its weights if it cannot be saved whole), its epoch, and
# what an interrupted training needs to resume.
MODEL = "model.keras"
WEIGHTS = "model.weights.h5"
METADATA = "model.json"
RESUME = "resume.npz"
PREVIOUS = "resume_before.npz"  # the state that the one to resume from has replaced
BEST_EPOCH = "best_epoch.npz"
FORMER_BEST_EPOCH = "scored.npz"  # its name in studies of version 0.1


def trial_name(number: int) -> str:
    """The name of a trial's directories and of its run in TensorBoard: `trial_0003`."""
    return f"trial_{number:04d}"


def identity(created: float) -> str:
    """The identity of a study that was created at this time, in seconds since 1970."""
    return f"{round(round(created, 6) * 1e6):x}"  # the record keeps six decimals


def shared_runs(directory: Path, study: Path, created: float) -> Path:
    """Where a study's runs lie in a directory that it shares with others: `NAME-IDENTITY` below it."""
    return directory / f"{study.name}-{identity(created)}"


def checkpoint_directory(study: Path, number: int) -> Path:
    """Where a trial's model is kept."""
    return study / CHECKPOINTS / trial_name(number)
