"""Records PyTorch's default QAT configurations at work for qat_configurations.json (PyTorch 2.13).

A convolution without bias between two fake-quantized activations, over some batches; its weights
grow from batch to batch, so that the averages of their ranges lag behind.
"""

import json
import pathlib
import warnings

import torch
from torch.ao.quantization import get_default_qat_qconfig

warnings.filterwarnings("ignore")
torch.manual_seed(3)
torch.set_num_threads(1)


def numbers(value):
    return {"shape": list(value.shape), "data": [float(f"{v:.9g}") for v in value.flatten().tolist()]}


weight = torch.randn(4, 3, 3, 3) * torch.tensor([0.1, 1.0, 3.0, 0.5]).reshape(4, 1, 1, 1)
batches = [torch.randn(2, 3, 6, 6) * size for size in (1.0, 2.0, 0.5)]
cases = []
for backend in ("x86", "fbgemm", "qnnpack", "onednn"):
    configuration = get_default_qat_qconfig(backend)
    modules = {
        "input": configuration.activation(), "weight": configuration.weight(),
        "output": configuration.activation()}
    steps = []
    for index, batch in enumerate(batches):
        grown = weight * (1 + 0.25 * index)
        made = torch.nn.functional.conv2d(modules["input"](batch), modules["weight"](grown))
        modules["output"](made)
        steps.append({
            "input": numbers(batch), "weight": numbers(grown), "made": numbers(made.detach()),
            "modules": {
                name: {
                    "scale": module.scale.tolist(), "zeroPoint": module.zero_point.tolist(),
                    "lowest": module.activation_post_process.quant_min,
                    "highest": module.activation_post_process.quant_max}
                for name, module in modules.items()}})
    cases.append({"backend": backend, "steps": steps})

path = pathlib.Path(__file__).with_name("qat_configurations.json")
path.write_text(json.dumps(cases) + "\n")
print(path.stat().st_size, "bytes")
