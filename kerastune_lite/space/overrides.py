"""Definitions that a tuner prescribes instead of those in `build_model`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kerastune_lite.errors import SpaceError, nearest
from kerastune_lite.space.kinds import Fixed, Hyperparameter


@dataclass(frozen=True)
class Overrides:
    """Prescribed definitions, and the treatment of all other hyperparameters.

    A definition in `prescribed` replaces that of the same name in `build_model`. With `tune_new=False`, other
    hyperparameters keep their defaults; with `allow_new=False`, reading one raises an error.
    """

    prescribed: Mapping[str, Hyperparameter]
    tune_new: bool = True
    allow_new: bool = True

    def settle(self, definition: Hyperparameter) -> Hyperparameter:
        """The definition to use instead of `definition`."""
        prescribed = self.prescribed.get(definition.name)
        if prescribed is not None:
            return replace(prescribed, conditions=definition.conditions)  # type: ignore[type-var]
        if not self.allow_new:
            raise SpaceError(
                f"build_model reads hyperparameter {definition.name!r}, which is not in `hyperparameters` "
                f"({', '.join(self.prescribed) or 'empty'}); add it there or set allow_new_entries=True"
                f"{nearest(definition.name, self.prescribed)}"
            )
        return definition if self.tune_new else Fixed(definition.name, definition.default, definition.conditions)
