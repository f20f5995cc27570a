"""Records gradients of PyTorch for gradients.json: python gradients.py (PyTorch 2.13, CPU).

Every case is an ONNX node, its operands, what it makes, a gradient of what it makes, and the
gradients of the operands that PyTorch takes from it.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_num_threads(1)
cases = []


def random(*shape, low=-2.0, high=2.0):
    values = torch.rand(shape, dtype=torch.float64) * (high - low) + low
    return (values * 64).round() / 64  # short in JSON, and exact in float32


def distinct(*shape):
    """Values that are all far apart, so that the largest stays the largest."""
    count = torch.Size(shape).numel()
    return (torch.randperm(count).double() * 4 / count - 2).float().double().reshape(shape)


def tensor(value):
    return {"shape": list(value.shape), "data": [float(f"{v:.7g}") for v in value.flatten().tolist()]}


def case(name, operator, operands, function, attributes=None, constants=None):
    """constants: by the number of the input; integers are int64."""
    leaves = [value.clone().requires_grad_() for value in operands]
    made = function(*leaves)
    outputs = made if isinstance(made, (tuple, list)) else [made]
    upstream = [random(*output.shape) for output in outputs]
    torch.autograd.backward(list(outputs), upstream)
    cases.append(
        {
            "name": name,
            "operator": operator,
            "attributes": attributes or {},
            "operands": [tensor(value) for value in operands],
            "constants": {
                str(index): {"shape": list(value.shape), "data": value.flatten().tolist(), "integer": not value.is_floating_point()}
                for index, value in (constants or {}).items()
            },
            "outputs": [tensor(output.detach()) for output in outputs],
            "upstream": [tensor(value) for value in upstream],
            "gradients": [tensor(leaf.grad) for leaf in leaves],
        }
    )


def conv(name, x, w, bias, function=F.conv2d, **options):
    rank = len(w) - 2
    attributes = {"kernel_shape": list(w[2:])}
    each = lambda value: [value] * rank if isinstance(value, int) else list(value)
    if "stride" in options:
        attributes["strides"] = each(options["stride"])
    if "padding" in options:
        attributes["pads"] = each(options["padding"]) * 2
    if "dilation" in options:
        attributes["dilations"] = each(options["dilation"])
    if "output_padding" in options:
        attributes["output_padding"] = each(options["output_padding"])
    if "groups" in options:
        attributes["group"] = options["groups"]
    operands = [random(*x), random(*w)] + ([random(bias)] if bias else [])
    transposed = function in (F.conv_transpose1d, F.conv_transpose2d)
    case(name, "ConvTranspose" if transposed else "Conv", operands, lambda *o: function(*o, **options), attributes)


conv("conv 3x3", (2, 3, 5, 6), (4, 3, 3, 3), 4, padding=1)
conv("conv stride 2", (1, 3, 7, 6), (5, 3, 3, 3), 5, padding=1, stride=2)
conv("conv 1x1", (2, 5, 3, 4), (7, 5, 1, 1), 7)
conv("conv 1x1 stride 2", (1, 4, 5, 5), (3, 4, 1, 1), None, stride=2)
conv("conv dilation", (1, 2, 8, 7), (3, 2, 3, 2), None, dilation=2)
conv("conv groups", (1, 6, 4, 5), (4, 3, 3, 3), 4, padding=1, groups=2)
conv("conv 1x1 groups", (1, 4, 3, 3), (6, 2, 1, 1), 6, groups=2)
conv("conv depthwise", (2, 9, 5, 5), (9, 1, 3, 3), 9, padding=1, groups=9)
conv("conv depthwise stride 2", (1, 10, 6, 7), (10, 1, 3, 3), None, padding=1, stride=2, groups=10)
conv("conv depthwise 5x5 dilation", (1, 8, 9, 9), (8, 1, 5, 5), 8, padding=4, dilation=2, groups=8)
conv("conv 1-D", (2, 2, 10), (4, 2, 3), 4, F.conv1d)
conv("conv 1-D stride 3", (2, 3, 11), (4, 3, 4), 4, F.conv1d, stride=3, padding=2)
conv("conv 1-D depthwise", (1, 8, 9), (8, 1, 3), None, F.conv1d, padding=1, groups=8)
conv("transposed", (1, 3, 4, 4), (3, 4, 3, 3), 4, F.conv_transpose2d, padding=1)
conv("transposed stride 2", (2, 3, 3, 4), (3, 4, 2, 2), 4, F.conv_transpose2d, stride=2)
conv("transposed output padding", (1, 4, 3, 3), (4, 2, 3, 3), None, F.conv_transpose2d, stride=2, padding=1, output_padding=1)
conv("transposed groups", (1, 4, 3, 3), (4, 2, 3, 3), 4, F.conv_transpose2d, stride=2, groups=2)
conv("transposed 1-D", (1, 3, 5), (3, 2, 4), 2, F.conv_transpose1d, stride=2, padding=1)

case("Gemm", "Gemm", [random(3, 5), random(5, 4), random(4)], lambda a, b, c: a @ b + c)
case("Gemm transB", "Gemm", [random(3, 5), random(4, 5), random(4)], lambda a, b, c: a @ b.T + c, {"transB": 1})
case("Gemm alpha beta", "Gemm", [random(3, 5), random(4, 5), random(3, 1)], lambda a, b, c: 0.5 * a @ b.T + 2.5 * c, {"transB": 1, "alpha": 0.5, "beta": 2.5})
case("Gemm transA", "Gemm", [random(5, 3), random(5, 4)], lambda a, b: a.T @ b, {"transA": 1})
case("Gemm transA transB", "Gemm", [random(5, 3), random(4, 5)], lambda a, b: 1.5 * a.T @ b.T, {"transA": 1, "transB": 1, "alpha": 1.5})
case("MatMul", "MatMul", [random(4, 3), random(3, 6)], torch.matmul)
case("MatMul rows", "MatMul", [random(2, 3, 4), random(4, 5)], torch.matmul)
case("MatMul batched", "MatMul", [random(2, 3, 4, 5), random(2, 3, 5, 3)], torch.matmul)

for name, function in [("Add", torch.add), ("Sub", torch.sub), ("Mul", torch.mul), ("Div", torch.div)]:
    right = (lambda *shape: random(*shape, low=0.5, high=2)) if name == "Div" else random
    case(name, name, [random(2, 3, 4), right(2, 3, 4)], function)
    case(f"{name} row", name, [random(2, 3, 4), right(4)], function)
    case(f"{name} column", name, [random(2, 3, 4), right(3, 1)], function)
    case(f"{name} left", name, [random(1, 3, 1), right(2, 3, 4)], function)
    case(f"{name} crossed", name, [random(3, 1), right(1, 4)], function)
    case(f"{name} channels", name, [random(2, 3, 2, 2), right(2, 3, 1, 1)], function)
    case(f"{name} scalar", name, [random(2, 3), right(1)], function)

smooth = random(3, 9, low=-3, high=3) + 1 / 256
positive = random(3, 9, low=0.25, high=3)
for name, values, function, attributes in [
    ("Relu", smooth, torch.relu, {}),
    ("LeakyRelu", smooth, lambda x: F.leaky_relu(x, 0.125), {"alpha": 0.125}),
    ("Sigmoid", smooth, torch.sigmoid, {}),
    ("HardSigmoid", 2 * smooth, F.hardsigmoid, {"alpha": 1 / 6, "beta": 0.5}),
    ("HardSwish", 2 * smooth, F.hardswish, {}),
    ("Tanh", smooth, torch.tanh, {}),
    ("Elu", smooth, lambda x: F.elu(x, 1.5), {"alpha": 1.5}),
    ("Softplus", smooth, F.softplus, {}),
    ("Softsign", smooth, F.softsign, {}),
    ("Exp", smooth, torch.exp, {}),
    ("Log", positive, torch.log, {}),
    ("Sqrt", positive, torch.sqrt, {}),
    ("Reciprocal", positive, torch.reciprocal, {}),
    ("Erf", smooth, torch.erf, {}),
    ("Neg", smooth, torch.neg, {}),
    ("Abs", smooth, torch.abs, {}),
    ("Gelu", smooth, F.gelu, {}),
    ("Gelu", smooth, lambda x: F.gelu(x, approximate="tanh"), {"approximate": "tanh"}),
    ("Mish", smooth, F.mish, {}),
    ("Swish", smooth, F.silu, {}),
]:
    case(name + (" tanh" if attributes.get("approximate") else ""), name, [values], function, attributes)
case("Clip", "Clip", [smooth], lambda x: F.hardtanh(x, -1, 2), constants={1: torch.tensor(-1.0), 2: torch.tensor(2.0)})
for power in [2.0, 0.5, 3.0, -1.5]:
    case(f"Pow {power}", "Pow", [positive], lambda x: torch.pow(x, power), constants={1: torch.tensor(power)})

case("MaxPool", "MaxPool", [distinct(2, 3, 6, 6)], lambda x: F.max_pool2d(x, 2), {"kernel_shape": [2, 2], "strides": [2, 2]})
case("MaxPool overlapping", "MaxPool", [distinct(1, 9, 7, 6)], lambda x: F.max_pool2d(x, 3, 2, 1), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]})
case("MaxPool 1-D", "MaxPool", [distinct(2, 3, 9)], lambda x: F.max_pool1d(x, 3, 2), {"kernel_shape": [3], "strides": [2]})
case("AveragePool", "AveragePool", [random(2, 3, 6, 6)], lambda x: F.avg_pool2d(x, 2), {"kernel_shape": [2, 2], "strides": [2, 2]})
case("AveragePool padded", "AveragePool", [random(1, 4, 5, 6)], lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]})
case("AveragePool counted", "AveragePool", [random(1, 4, 5, 6)], lambda x: F.avg_pool2d(x, 3, 2, 1), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1})
case("GlobalAveragePool", "GlobalAveragePool", [random(2, 5, 3, 4)], lambda x: x.mean((2, 3), keepdim=True))

axes = lambda *values: torch.tensor(values)
case("ReduceSum", "ReduceSum", [random(2, 3, 4)], lambda x: x.sum(1), {"keepdims": 0}, {1: axes(1)})
case("ReduceSum ends", "ReduceSum", [random(2, 3, 4)], lambda x: x.sum((0, 2), keepdim=True), {}, {1: axes(0, 2)})
case("ReduceSum alternating", "ReduceSum", [random(2, 3, 4, 2)], lambda x: x.sum((1, 3), keepdim=True), {}, {1: axes(1, 3)})
case("ReduceMean", "ReduceMean", [random(2, 3, 4)], lambda x: x.mean(-1, keepdim=True), {"axes": [-1]})
case("ReduceMean pixels", "ReduceMean", [random(2, 3, 4, 5)], lambda x: x.mean((2, 3)), {"axes": [2, 3], "keepdims": 0})
case("Softmax", "Softmax", [random(3, 7)], lambda x: x.softmax(-1), {"axis": -1})
case("LogSoftmax", "LogSoftmax", [random(3, 7)], lambda x: x.log_softmax(-1), {"axis": 1})
case("LayerNormalization", "LayerNormalization", [random(3, 4, 8), random(8), random(8)], lambda x, s, b: F.layer_norm(x, (8,), s, b, 1e-5), {"axis": -1, "epsilon": 1e-5})
case("LayerNormalization two axes", "LayerNormalization", [random(3, 4, 5), random(4, 5)], lambda x, s: F.layer_norm(x, (4, 5), s, None, 1e-3), {"axis": 1, "epsilon": 1e-3})

case("Concat", "Concat", [random(2, 3, 4), random(2, 1, 4)], lambda a, b: torch.cat([a, b], 1), {"axis": 1})
case("Concat channels", "Concat", [random(1, 3, 2, 2), random(1, 2, 2, 2)], lambda a, b: torch.cat([a, b], 1), {"axis": 1})
case("Slice", "Slice", [random(4, 6)], lambda x: x[1:3, ::2], constants={1: axes(1, 0), 2: axes(3, 6), 3: axes(0, 1), 4: axes(1, 2)})
case("Split", "Split", [random(5, 3)], lambda x: torch.split(x, [2, 3]), {"axis": 0}, {1: axes(2, 3)})
case("Reshape", "Reshape", [random(2, 6)], lambda x: x.reshape(3, 4), constants={1: axes(3, 4)})
case("Flatten", "Flatten", [random(2, 3, 4)], lambda x: x.flatten(1), {"axis": 1})
case("Squeeze", "Squeeze", [random(2, 1, 3)], lambda x: x.squeeze(1), constants={1: axes(1)})
case("Unsqueeze", "Unsqueeze", [random(2, 3)], lambda x: x.unsqueeze(0), constants={1: axes(0)})
case("Transpose", "Transpose", [random(2, 3, 4)], lambda x: x.permute(2, 0, 1), {"perm": [2, 0, 1]})
case("Gather", "Gather", [random(5, 3)], lambda x: x[torch.tensor([4, 0, 4])], {"axis": 0}, {1: axes(4, 0, 4)})
case("Pad", "Pad", [random(2, 3)], lambda x: F.pad(x, (1, 2, 0, 1)), constants={1: axes(0, 1, 1, 2)})
case("Pad reflect", "Pad", [random(1, 2, 4)], lambda x: F.pad(x, (2, 1), mode="reflect"), {"mode": "reflect"}, {1: axes(0, 0, 2, 0, 0, 1)})
case("Expand", "Expand", [random(3, 1)], lambda x: x.expand(2, 3, 4), constants={1: axes(2, 3, 4)})
case("Resize nearest", "Resize", [random(1, 2, 3, 4)], lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, {2: torch.tensor([1.0, 1.0, 2.0, 2.0])})
case("Resize linear", "Resize", [random(2, 3, 3, 4)], lambda x: F.interpolate(x, size=(5, 7), mode="bilinear"), {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}, {3: axes(2, 3, 5, 7)})
case("Resize cubic", "Resize", [random(1, 1, 4, 4)], lambda x: F.interpolate(x, size=(6, 7), mode="bicubic"), {"mode": "cubic", "coordinate_transformation_mode": "half_pixel", "cubic_coeff_a": -0.75}, {3: axes(1, 1, 6, 7)})


def gates(order, weights):
    """PyTorch's order of gates to ONNX's."""
    parts = weights.chunk(len(order))
    return torch.cat([parts[index] for index in order])


def recurrent(name, kind, batch, steps, inputs, hidden, both, begins=False):
    count = 4 if kind == "LSTM" else 3
    directions = 2 if both else 1
    x = random(steps, batch, inputs, low=-1, high=1)
    w, r = random(directions, count * hidden, inputs, low=-1, high=1), random(directions, count * hidden, hidden, low=-1, high=1)
    b = random(directions, 2 * count * hidden, low=-1, high=1)
    # ONNX: i o f c, and z r h; PyTorch: i f g o, and r z n.
    order = [0, 2, 3, 1] if kind == "LSTM" else [1, 0, 2]
    module = getattr(torch.nn, kind)(inputs, hidden, bidirectional=both).double()

    def run(x, w, r, b, *initial):
        parameters = {}
        for direction in range(directions):
            suffix = "_l0" + ("_reverse" if direction else "")
            parameters["weight_ih" + suffix] = gates(order, w[direction])
            parameters["weight_hh" + suffix] = gates(order, r[direction])
            first, second = b[direction].chunk(2)
            parameters["bias_ih" + suffix] = gates(order, first)
            parameters["bias_hh" + suffix] = gates(order, second)
        given = () if not initial else (initial,) if kind == "LSTM" else initial
        y, last = torch.func.functional_call(module, parameters, (x, *given))
        y = y.reshape(steps, batch, directions, hidden).transpose(1, 2)
        return [y, *last] if kind == "LSTM" else [y, last]

    attributes = {"hidden_size": hidden, "direction": "bidirectional" if both else "forward"}
    if kind == "GRU":
        attributes["linear_before_reset"] = 1
    count = (2 if kind == "LSTM" else 1) if begins else 0
    states = [random(directions, batch, hidden, low=-1, high=1) for _ in range(count)]
    case(name, kind, [x, w, r, b, *states], run, attributes)
    if begins:
        cases[-1]["missing"] = [4]


recurrent("LSTM", "LSTM", 2, 3, 3, 4, False)
recurrent("LSTM bidirectional", "LSTM", 1, 4, 2, 3, True)
recurrent("GRU", "GRU", 2, 3, 3, 4, False)
recurrent("GRU bidirectional", "GRU", 1, 4, 2, 3, True)

x, gamma, beta = random(4, 3, 2, 5), random(3), random(3)
mean, variance = random(3), random(3, low=0.5, high=2)
case("BatchNormalization frozen", "BatchNormalization", [x, gamma, beta], lambda x, g, b: F.batch_norm(x, mean, variance, g, b, False, 0.1, 1e-5), {"epsilon": 1e-5}, {3: mean, 4: variance})
running = mean.clone(), variance.clone()
case("BatchNormalization by batch", "BatchNormalization", [x, gamma, beta], lambda x, g, b: F.batch_norm(x, *running, g, b, True, 0.1, 1e-5), {"epsilon": 1e-5}, {3: mean, 4: variance})
cases[-1]["running"] = [tensor(value) for value in running]

case("Softmax inner axis", "Softmax", [random(2, 7, 5)], lambda x: x.softmax(1), {"axis": 1})
case("LogSoftmax first axis", "LogSoftmax", [random(6, 2, 3)], lambda x: x.log_softmax(0), {"axis": 0})
recurrent("LSTM from a state", "LSTM", 2, 3, 3, 4, False, begins=True)
recurrent("LSTM bidirectional from a state", "LSTM", 2, 3, 2, 3, True, begins=True)
recurrent("GRU from a state", "GRU", 2, 3, 3, 4, False, begins=True)
recurrent("GRU bidirectional from a state", "GRU", 1, 2, 3, 4, True, begins=True)

path = pathlib.Path(__file__).with_name("gradients.json")
path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
print(len(cases), "cases,", path.stat().st_size, "bytes")
