"""What TensorBoard imports at its start: nothing in here can fail, because that would end TensorBoard."""

import logging
from typing import Any

from tensorboard.plugins import base_plugin


class TuningLoader(base_plugin.TBLoader):  # type: ignore[misc]
    """Makes the plugin; TensorBoard goes on without it if that fails."""

    def load(self, context: Any) -> Any:
        """The plugin, or None."""
        try:
            from kerastune_lite_tensorboard.plugin import TuningPlugin  # noqa: PLC0415 - here it may fail

            return TuningPlugin(context)
        except Exception:  # TensorBoard does not expect any
            logging.getLogger("tensorboard").exception("the Tuning tab of kerastune_lite is not available")
            return None
