"""Programs of the explorer's model payload, written down step by step."""

import base64

import numpy as np


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


class Tape:
    """Writes down a program of the model payload."""

    def __init__(self, dimension):
        self.sizes, self.constants, self.steps, self.arrays = [dimension], [], [], []

    def constant(self, *numbers):
        self.sizes.append(np.size(numbers))
        self.arrays.append(np.ravel(numbers))
        self.constants.append([len(self.sizes) - 1, len(self.arrays) - 1])
        return len(self.sizes) - 1

    def __call__(self, operation, size, *operands):
        self.sizes.append(size)
        self.steps.append([operation, len(self.sizes) - 1, *operands])
        return len(self.sizes) - 1


def payload(precision, **programs):
    """Returns a model whose programs are tapes, of which each has its own arrays."""
    arrays, written, tapes = [], {}, list(programs.items())
    for name, (tape, output) in tapes:
        constants = [[buffer, array + len(arrays)] for buffer, array in tape.constants]
        arrays += [text(np.asarray(array, precision)) for array in tape.arrays]
        written[name] = {"sizes": tape.sizes, "constants": constants, "steps": tape.steps, "output": output}
    dimension = tapes[0][1][0].sizes[0]
    return {"precision": precision, "degrees_of_freedom": dimension // 2, "arrays": arrays, "programs": written}
