"""Epochs of several models with the same graph: one after the other, and stacked.

`python -m benchmarks.stacked_epochs` takes the epochs and validations of 4, 16 and 64 models, as `executors.Stacked`
does, but for reading and assigning the variables of each model. "steps" is the time that it takes to make the stacked
graph and call it once, divided by what a step of one model saves: for fewer steps a stack is not worth while.
"""

import argparse
import statistics
import sys
import time

from benchmarks.measure import machine, table
from benchmarks.small_models import MODELS, SmallModel, digits, digits_mlp, width_and_rate

SIZES = (4, 16, 64)
ROUNDS = 7
LARGE = {"digits MLP of 1,024 units": SmallModel(width_and_rate(1024), digits_mlp, lambda: digits(64))}


def prepared(model, size):
    """The stacks of a model, and the epoch and validation of each trial."""
    import keras

    from kerastune_lite.training.build_ahead import build_ahead
    from kerastune_lite.training.data_cache import DataCache
    from kerastune_lite.training.fingerprint import Fingerprint
    from kerastune_lite.training.stacked_epochs import Epoch, StackedEpochs, read, storage
    from kerastune_lite.training.whole_epochs import EpochGraphs

    fed = DataCache().feed(model.data(), keep=True)
    first, *_ = model.points(1)
    found = []
    for seed in range(size + 1):
        keras.utils.set_random_seed(seed)
        built = model.make(**first)
        build_ahead(built, fed.train.first_batch())
        values = [storage(variable) for variable in Fingerprint.of(built).variables]
        found.append((built, values))
    (traced, own), *others = found
    graphs = EpochGraphs.of(traced, fed)
    pipelines = (fed.train, fed.validation)
    stacks = [StackedEpochs(graph, own, None) for graph in graphs]
    epochs = [
        [
            Epoch(
                [read(values[place]) for place in stack.places],
                pipeline.tensors,
                pipeline.order.value(),
                pipeline.batch_size,
                10**9,
            )
            for _, values in others
        ]
        for stack, pipeline in zip(stacks, pipelines, strict=True)
    ]
    return list(zip(stacks, epochs, strict=True))


def seconds(act):
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def measured(model, size):
    """Seconds of an epoch of one model alone and stacked, of making the stacked graph, and the number of steps."""
    pairs = prepared(model, size)
    steps = sum(epochs[0].steps for _, epochs in pairs)

    def alone():
        for stack, epochs in pairs:
            stack.take(epochs[:1])

    def together():
        for stack, epochs in pairs:
            assert all(taken.together for taken in stack.take(epochs)), stack.obstacle

    alone()
    made = seconds(together)
    times = [(seconds(alone), seconds(together)) for _ in range(ROUNDS)]
    one, several = (statistics.median(side) for side in zip(*times, strict=True))
    return one, several / size, made - several, steps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one model, four at once")
    parser.add_argument("--model", choices=[*MODELS, *LARGE], action="append", help="a model; may be repeated")
    given = parser.parse_args()
    models = {**MODELS, **LARGE}
    names = given.model or (["digits MLP"] if given.quick else [name for name in models if "widths" not in name])
    print(machine("kerastune-lite", "tensorflow", "keras"), flush=True)
    rows = [("", "models", "ms alone", "ms stacked", "times faster", "s to make", "steps")]
    for name in names:
        for size in (4,) if given.quick else SIZES:
            one, each, made, steps = measured(models[name], size)
            saved = (one - each) / steps
            worth = f"{made / saved:.0f}" if saved > 0 else "never"
            row = (f"{1e3 * one:.1f}", f"{1e3 * each:.1f}", f"{one / each:.2f}", f"{made:.2f}", worth)
            rows.append((name, str(size), *row))
    print(f"\nms an epoch and its validation, for each model, medians of {ROUNDS}\n")
    print(table(rows))


if __name__ == "__main__":
    sys.exit(main())
