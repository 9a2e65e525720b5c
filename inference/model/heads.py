"""Small classification heads on pooled features of a frozen network, averaged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Heads:
    """Several heads of one hidden layer each, fitted with different seeds."""

    hidden: Values  # heads × channels × units
    hidden_bias: Values  # heads × units
    output: Values  # heads × units × classes
    output_bias: Values  # heads × classes

    def run(self, features: Values) -> Values:
        """n × channels to n × classes: the mean of the heads' logits."""
        units = np.maximum(np.einsum("nc,hcu->hnu", features, self.hidden) + self.hidden_bias[:, np.newaxis], 0)
        logits: Values = (np.einsum("hnu,huk->hnk", units, self.output) + self.output_bias[:, np.newaxis]).mean(axis=0)
        return logits.astype(np.float32)
