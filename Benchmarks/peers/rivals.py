"""The programs that are timed. Each quantizes with its own tool and runs its own int8 model.

A program has a `name` and a short `title`. `outputs(index)` computes on the sample, with fp32 (0)
or int8 (1); `time(runs)` has (median, minimum) in milliseconds of both. None stands for an int8
model that the program's tool cannot make.
"""

import contextlib
import io
import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import nncf
import numpy as np
import onnx
import onnx.version_converter
import onnxruntime
import openvino
from onnxruntime.quantization import (
    CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static)
from onnxruntime.quantization.shape_inference import quant_pre_process

from peers.models import REPOSITORY

OCTET = Path(os.environ.get("OCTET", REPOSITORY / ".build/release/octet"))
WARM_UP = 3
# Activations that share a scale in OpenVINO's dynamic products: the quickest for the encoders.
GROUP_SIZE = 128


def octet(*arguments):
    """What the program prints."""
    done = subprocess.run([str(OCTET), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"octet {' '.join(map(str, arguments))}\n{done.stderr}")
    return done.stdout


def processor(key="model name"):
    """A line of /proc/cpuinfo."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def saturates():
    """Whether sums of u8 by s8 products can saturate: on x86 without VNNI."""
    is_x86 = platform.machine() in ("x86_64", "AMD64")
    return is_x86 and not any("vnni" in flag for flag in processor("flags").split())


def clocked(call, runs):
    """Each counted run follows one that is not counted, as in octet."""
    times = []
    for run in range(-WARM_UP, runs):
        call()
        start = time.perf_counter()
        call()
        if run >= 0:
            times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times), min(times)


class Octet:
    """In a process of its own, fp32 and int8 in turn."""

    name = title = "octet"

    def __init__(self, subject, file, samples, options, folder):
        self.options, self.folder = options, folder
        self.data, exported = folder / "samples.npz", folder / "octet.int8.onnx"
        np.savez(self.data, x=samples)
        way = ["--dynamic"] if subject.is_dynamic else ["--data", self.data]
        octet("quantize", file, *way, "-o", exported)
        self.models = [file, exported]
        self.input = onnx.load(file).graph.input[0].name
        self.sample = samples[:1]

    def outputs(self, index):
        fed, made = self.folder / "fed.npz", self.folder / "made.npz"
        np.savez(fed, **{self.input: self.sample})
        octet("run", self.models[index], "--inputs", fed, "--outputs", made)
        names = [output.name for output in onnx.load(self.models[index]).graph.output]
        with np.load(made) as members:
            return [members[name] for name in names]

    def time(self, runs):
        isa = ["--isa", self.options.isa] if self.options.isa else []
        found = json.loads(octet(
            "benchmark", *self.models, "--data", self.data, "--json", "--runs", runs,
            "--warm-up", WARM_UP, "--threads", self.options.threads, *isa))
        return [(each["medianMilliseconds"], each["minimumMilliseconds"]) for each in found]


class Samples(CalibrationDataReader):
    """One sample after the other, for ONNX Runtime's calibrator."""

    def __init__(self, name, samples):
        self.left = iter([{name: samples[i:i + 1]} for i in range(len(samples))])

    def get_next(self):
        return next(self.left, None)


class OnnxRuntime:
    """U8S8 QDQ with a scale per channel, of 7 bits where 8 saturate, as its documentation advises
    for x86; dynamic models by quantize_dynamic."""

    name, title = "ONNX Runtime", "ORT"

    def __init__(self, subject, file, samples, options, folder):
        prepared, exported = folder / "ort.prepared.onnx", folder / "ort.int8.onnx"
        logging.getLogger().setLevel(logging.ERROR)
        self.prepare(subject, file, prepared)
        weights = {
            "weight_type": QuantType.QInt8, "per_channel": True, "reduce_range": saturates()}
        name = onnx.load(file).graph.input[0].name
        if subject.is_dynamic:
            quantize_dynamic(str(prepared), str(exported), **weights)
        else:
            quantize_static(
                str(prepared), str(exported), Samples(name, samples),
                quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, **weights)
        models = [file]
        # What it cannot quantize it hands back as it was.
        if any("Quantize" in node.op_type for node in onnx.load(exported).graph.node):
            models.append(exported)
        self.bindings = [self.bind(model, options.threads, name, samples[:1]) for model in models]

    @staticmethod
    def prepare(subject, file, prepared):
        """Shapes and fusions before quantizing; inference of symbolic shapes is for transformers.
        A scale per channel needs opset 13."""
        model = onnx.load(file)
        opset = next(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
        if opset < 13:
            file = prepared.with_suffix(".opset13.onnx")
            onnx.save(onnx.version_converter.convert_version(model, 13), file)
        quant_pre_process(
            str(file), str(prepared), skip_symbolic_shape=not subject.is_transformer)

    @staticmethod
    def bind(model, threads, name, sample):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.inter_op_num_threads = 1
        settings.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(
            str(model), settings, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_cpu_input(name, sample)
        for output in session.get_outputs():
            binding.bind_output(output.name)
        return session, binding

    def call(self, index):
        session, binding = self.bindings[index]
        session.run_with_iobinding(binding)

    def outputs(self, index):
        if index >= len(self.bindings):
            return None
        self.call(index)
        return self.bindings[index][1].copy_outputs_to_cpu()

    def time(self, runs):
        times = [clocked(lambda: self.call(index), runs) for index in range(len(self.bindings))]
        return (times + [None])[:2]


class OpenVINO:
    """NNCF's post-training quantization with the mixed preset and fast bias correction; dynamic
    transformers by weights that NNCF compresses, whose products then take codes of 8 bits."""

    name = title = "OpenVINO"

    def __init__(self, subject, file, samples, options, folder):
        core = openvino.Core()
        model = core.read_model(file)
        model.reshape({model.input(0): samples[:1].shape})
        settings = {
            "INFERENCE_NUM_THREADS": options.threads, "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1}
        fp32 = {**settings, "INFERENCE_PRECISION_HINT": "f32"}
        compiled = [core.compile_model(model, "CPU", fp32)]
        if not subject.is_dynamic:
            quantized = self.quantized(model, subject, samples)
            compiled.append(core.compile_model(quantized, "CPU", settings))
        elif subject.is_transformer:
            compressed = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
            compiled.append(core.compile_model(
                compressed, "CPU", {**settings, "DYNAMIC_QUANTIZATION_GROUP_SIZE": GROUP_SIZE}))
        self.requests = [each.create_infer_request() for each in compiled]
        for request in self.requests:
            request.set_input_tensor(openvino.Tensor(np.ascontiguousarray(samples[:1])))

    @staticmethod
    def quantized(model, subject, samples):
        logging.getLogger("nncf").setLevel(logging.ERROR)
        batches = [samples[i:i + 1] for i in range(len(samples))]
        # Its progress bars would mix with the table.
        with contextlib.redirect_stdout(io.StringIO()):
            return nncf.quantize(
                model, nncf.Dataset(batches), preset=nncf.QuantizationPreset.MIXED,
                model_type=nncf.ModelType.TRANSFORMER if subject.is_transformer else None,
                subset_size=len(batches), fast_bias_correction=True)

    def outputs(self, index):
        if index >= len(self.requests):
            return None
        request = self.requests[index]
        request.infer()
        return [np.array(tensor.data) for tensor in request.output_tensors]

    def time(self, runs):
        times = [clocked(request.infer, runs) for request in self.requests]
        return (times + [None])[:2]


RIVALS = [OnnxRuntime, OpenVINO]
# What oneDNN, which OpenVINO runs on, calls the instruction sets of octet.
ONEDNN_ISAS = {
    "avx2": "AVX2", "avxvnni": "AVX2_VNNI", "avx512": "AVX512_CORE",
    "avx512vnni": "AVX512_CORE_VNNI"}


def rivals_on(isa):
    """Those that can be restricted to `isa`; all of them where it is None."""
    return [OpenVINO] if isa else RIVALS


VERSIONS = {
    "octet": lambda: octet("--version").split()[-1],
    "ONNX Runtime": lambda: onnxruntime.__version__,
    "OpenVINO": lambda: openvino.__version__.split("-")[0],
    "NNCF": lambda: nncf.__version__,
}
