"""A small dense network in NumPy, trained in a few hundredths of a second."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

WORST = 10.0


@dataclass(frozen=True)
class Data:
    """What a network learns from, and what it is judged by: float32 inputs, and class numbers or float32 targets.

    `classes` is 0 for regression.
    """

    inputs: Any
    targets: Any
    held_inputs: Any
    held_targets: Any
    classes: int


@dataclass(frozen=True)
class Settings:
    """The hyperparameters of a training.

    Attributes:
        units: The width of each hidden layer.
        dropout: The share of each hidden layer's units that a step leaves out; one number for each layer, or for all.
        momentum: SGD's momentum, or Adam's first decay rate.
        rho: The decay rate of the squared gradients, for Adam and RMSprop.
        weight_decay: The L2 penalty's factor.
        decay: The learning rate is multiplied by it after each epoch.
        clip: The largest norm of a gradient.
    """

    units: tuple[int, ...] = (32,)
    learning_rate: float = 0.01
    optimizer: str = "adam"
    activation: str = "relu"
    dropout: float | tuple[float, ...] = 0.0
    momentum: float = 0.9
    rho: float = 0.99
    epsilon: float = 1e-7
    weight_decay: float = 0.0
    batch_size: int = 32
    epochs: int = 5
    decay: float = 1.0
    clip: float = np.inf
    noise: float = 0.0
    smoothing: float = 0.0
    initializer: str = "he"


def train(data: Data, settings: Settings, seed: int) -> Any:
    """The outputs for the held inputs after training: logits, or the one output; not finite if it diverged."""
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        network = _Network(data, settings, rng)
        update = _OPTIMIZERS[settings.optimizer](settings, network.weights)
        goals = _goals(data, settings)
        rate = settings.learning_rate
        for _ in range(settings.epochs):
            order = rng.permutation(len(data.inputs))
            for start in range(0, len(order), settings.batch_size):
                batch = order[start : start + settings.batch_size]
                network.differentiate(data.inputs[batch], goals[batch])
                update(network.gradient, np.float32(rate))
            if not np.isfinite(network.weights).all():
                break
            rate *= settings.decay
        return network(data.held_inputs)


def cross_entropy(data: Data, outputs: Any) -> float:
    if not np.isfinite(outputs).all():
        return WORST
    shifted = outputs.astype(float) - outputs.max(axis=1, keepdims=True)
    chosen = shifted[np.arange(len(outputs)), data.held_targets]
    return min(float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - chosen)), WORST)


def error(data: Data, outputs: Any) -> float:
    """The share of wrong answers; that of guessing if the outputs are not finite."""
    if not np.isfinite(outputs).all():
        return 1 - 1 / data.classes
    return float(np.mean(outputs.argmax(axis=1) != data.held_targets))


def deviation(data: Data, outputs: Any) -> float:
    """The root of the mean squared error."""
    loss = float(np.sqrt(np.mean((outputs[:, 0].astype(float) - data.held_targets) ** 2)))
    return min(loss, WORST) if np.isfinite(loss) else WORST


def _goals(data: Data, settings: Settings) -> Any:
    """What the outputs should be: smoothed one-hot rows, or the targets themselves."""
    if data.classes == 0:
        return data.targets[:, None]
    rows = np.eye(data.classes, dtype="float32")[data.targets]
    return (1 - settings.smoothing) * rows + np.float32(settings.smoothing / data.classes)


class _Network:
    """Dense layers whose weights, and the gradient, lie in one vector each, with a view for every layer."""

    def __init__(self, data: Data, settings: Settings, rng: np.random.Generator) -> None:
        self.settings, self.rng, self.classes = settings, rng, data.classes
        self.sizes = [data.inputs.shape[1], *settings.units, max(data.classes, 1)]
        count = sum((fan_in + 1) * fan_out for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False))
        self.weights, self.gradient = np.zeros(count, "float32"), np.zeros(count, "float32")
        self.layers, self.slopes = self._views(self.weights), self._views(self.gradient)
        for kernel, _ in self.layers:
            fan_in, fan_out = kernel.shape
            scale = {"he": 2 / fan_in, "glorot": 2 / (fan_in + fan_out), "normal": 0.0025, "large": 1.0}
            kernel[:] = np.sqrt(scale[settings.initializer]) * rng.standard_normal(kernel.shape)
        dropout = settings.dropout
        self.rates = dropout if isinstance(dropout, tuple) else (dropout,) * len(settings.units)

    def _views(self, flat: Any) -> list[tuple[Any, Any]]:
        views, at = [], 0
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False):
            end = at + fan_in * fan_out
            views.append((flat[at:end].reshape(fan_in, fan_out), flat[end : end + fan_out]))
            at = end + fan_out
        return views

    def __call__(self, inputs: Any) -> Any:
        for kernel, bias in self.layers[:-1]:
            inputs = _activate(self.settings.activation, inputs @ kernel + bias)
        kernel, bias = self.layers[-1]
        return inputs @ kernel + bias

    def differentiate(self, inputs: Any, goals: Any) -> None:
        """Puts the gradient of the mean loss of a batch into `gradient`."""
        settings = self.settings
        if settings.noise > 0:
            inputs = inputs + np.float32(settings.noise) * self.rng.standard_normal(inputs.shape, "float32")
        entered, slopes = [inputs], []
        for (kernel, bias), rate in zip(self.layers[:-1], self.rates, strict=True):
            active = _activate(settings.activation, entered[-1] @ kernel + bias)
            slope = _slope(settings.activation, active)
            if rate > 0:
                mask = (self.rng.random(active.shape, "float32") >= rate) * np.float32(1 / (1 - rate))
                active, slope = active * mask, slope * mask
            entered.append(active)
            slopes.append(slope)
        kernel, bias = self.layers[-1]
        outputs = entered[-1] @ kernel + bias
        delta = (outputs if self.classes == 0 else _softmax(outputs)) - goals
        self._backward(delta / np.float32(len(inputs)), entered, slopes)
        if settings.weight_decay > 0:
            self.gradient += np.float32(settings.weight_decay) * self.weights
        if settings.clip < np.inf:
            self.gradient *= np.float32(min(1, settings.clip / (float(np.linalg.norm(self.gradient)) + 1e-12)))

    def _backward(self, delta: Any, entered: list[Any], slopes: list[Any]) -> None:
        for place in range(len(self.layers) - 1, -1, -1):
            kernel, bias = self.slopes[place]
            np.matmul(entered[place].T, delta, out=kernel)
            np.sum(delta, axis=0, out=bias)
            if place > 0:
                delta = (delta @ self.layers[place][0].T) * slopes[place - 1]


def _softmax(outputs: Any) -> Any:
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _activate(activation: str, inputs: Any) -> Any:
    if activation == "relu":
        return np.maximum(inputs, 0)
    if activation == "tanh":
        return np.tanh(inputs)
    return np.float32(0.5) * (1 + np.tanh(inputs / 2))


def _slope(activation: str, active: Any) -> Any:
    """The activation's derivative, from its value."""
    if activation == "relu":
        return (active > 0).astype("float32")
    return 1 - active * active if activation == "tanh" else active * (1 - active)


class _Momentum:
    """SGD with momentum."""

    def __init__(self, settings: Settings, weights: Any) -> None:
        self.weights, self.speed = weights, np.zeros_like(weights)
        self.momentum = np.float32(settings.momentum)

    def __call__(self, gradient: Any, rate: Any) -> None:
        self.speed *= self.momentum
        self.speed -= rate * gradient
        self.weights += self.speed


class _Adam:
    """Adam, with the bias of both averages taken out."""

    def __init__(self, settings: Settings, weights: Any) -> None:
        self.weights, self.mean, self.square = weights, np.zeros_like(weights), np.zeros_like(weights)
        self.betas, self.epsilon = (settings.momentum, settings.rho), np.float32(settings.epsilon)
        self.steps = 0

    def __call__(self, gradient: Any, rate: Any) -> None:
        self.steps += 1
        first, second = self.betas
        self.mean += np.float32(1 - first) * (gradient - self.mean)
        self.square += np.float32(1 - second) * (gradient * gradient - self.square)
        scale = np.sqrt(self.square) * np.float32(1 / np.sqrt(1 - second**self.steps)) + self.epsilon
        self.weights -= np.float32(rate / (1 - first**self.steps)) * self.mean / scale


class _RMSprop:
    """RMSprop without momentum."""

    def __init__(self, settings: Settings, weights: Any) -> None:
        self.weights, self.square = weights, np.zeros_like(weights)
        self.rho, self.epsilon = settings.rho, np.float32(settings.epsilon)

    def __call__(self, gradient: Any, rate: Any) -> None:
        self.square += np.float32(1 - self.rho) * (gradient * gradient - self.square)
        self.weights -= rate * gradient / (np.sqrt(self.square) + self.epsilon)


_OPTIMIZERS: dict[str, Callable[[Settings, Any], Callable[[Any, Any], None]]] = {
    "sgd": _Momentum,
    "adam": _Adam,
    "rmsprop": _RMSprop,
}
