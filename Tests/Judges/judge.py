"""ONNX Runtime as a judge, and the numbers by which outputs are compared."""

import numpy as np
import onnx
import onnxruntime


def session(model, optimized=False, threads=2):
    """A session over a file or a `ModelProto`."""
    options = onnxruntime.SessionOptions()
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimized else level.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    source = str(model) if not isinstance(model, onnx.ModelProto) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def is_fixed(judge):
    """Whether the model fixes its batch."""
    return isinstance(judge.get_inputs()[0].shape[0], int)


def fed(judge, samples):
    """`samples` as the model's first input takes them; one of them where the batch is fixed."""
    entry = judge.get_inputs()[0]
    return {entry.name: samples[:1].reshape(entry.shape) if is_fixed(judge) else samples}


def outputs(judge, samples, batch=16):
    """All outputs over `samples`, by name; a model with a fixed batch gets its own size."""
    entry = judge.get_inputs()[0]
    if is_fixed(judge):
        batch = entry.shape[0]
        samples = samples.reshape(-1, *entry.shape[1:])
    names = [output.name for output in judge.get_outputs()]
    parts = [judge.run(names, {entry.name: samples[start:start + batch]})
             for start in range(0, len(samples), batch)]
    return {name: np.concatenate([part[index] for part in parts])
            for index, name in enumerate(names)}


def decibels(reference, found):
    """Signal to noise of `found`."""
    reference = reference.astype(np.float64)
    noise = np.square(reference - found.astype(np.float64)).sum()
    return np.inf if noise == 0 else 10 * np.log10(np.square(reference).sum() / noise)


def relative(reference, found):
    """The largest difference as a share of the reference's range, or of its size where all are the
    same."""
    width = float(reference.max()) - float(reference.min()) or float(np.abs(reference).max())
    return float(np.abs(reference - found).max()) / max(width, 1e-30)


def agreement(reference, found):
    """Share of samples with the same largest output; of a map's points on the same side of 0.3."""
    if reference.ndim == 4:
        return float(((reference > 0.3) == (found > 0.3)).mean())
    a = reference.reshape(len(reference), -1).argmax(1)
    b = found.reshape(len(found), -1).argmax(1)
    return float((a == b).mean())


def accuracy(scores, labels):
    return float((scores.reshape(len(scores), -1).argmax(1) == labels).mean())
