import numpy as np

from plainview.feed.heads import HEADS


class Attention:
    name = "attention"

    def predict(self, inputs, rows):
        p = np.zeros((len(rows), len(HEADS)), np.float32)
        p[:, 0] = (inputs.tables.video["id"][rows] % 97).astype(np.float32) / np.float32(97)
        return p
