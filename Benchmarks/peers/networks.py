"""Well-known architectures with random weights: speed does not depend on what a network learned.

Weights are scaled as He et al. (2015) do, so that values keep their size from layer to layer, and
branches that are added to their own input are damped for the same reason. Batch normalization is
folded into the convolutions before it, as exporters leave it.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
DAMPING = 0.25


class Network:
    """Nodes and constants of a model with one float32 input."""

    def __init__(self, name, shape, seed=1):
        self.name, self.shape = name, shape
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def add(self, operator, *inputs, **attributes):
        """The name of the value that a new node computes."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name, **attributes))
        return name

    def constant(self, values):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def weights(self, *shape, depth, gain=2.0):
        """Normal values of variance gain / depth; depth counts the terms of one sum."""
        values = self.random.standard_normal(shape, np.float32) * np.sqrt(gain / depth)
        return self.constant(values.astype(np.float32))

    def bias(self, *shape):
        return self.constant(self.random.standard_normal(shape, np.float32) * np.float32(0.05))

    def conv(self, value, channels, kernel=1, stride=1, gain=2.0):
        """A convolution with a bias; channels are (in, out)."""
        taken, made = channels
        return self.add(
            "Conv", value,
            self.weights(made, taken, kernel, kernel, depth=taken * kernel**2, gain=gain),
            self.bias(made), kernel_shape=[kernel] * 2, strides=[stride] * 2,
            pads=[kernel // 2] * 4)

    def dense(self, value, taken, made, gain=1.0):
        """MatMul and Add, as exporters write a linear layer over tokens."""
        weights = self.weights(taken, made, depth=taken, gain=gain)
        return self.add("Add", self.add("MatMul", value, weights), self.bias(made))

    def save(self, file, outputs):
        """Writes the model, with shapes inferred, once onnx.checker has nothing against it."""
        def described(name, shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self.nodes, self.name, [described("x", self.shape)],
            [described(output, None) for output in outputs], self.constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, file)


def resnet(file, blocks, is_bottleneck):
    """He et al. 2016, table 1; a bottleneck's stride is in its 3x3 layer."""
    net = Network("resnet", (1, 3, 224, 224))

    def relu(value):
        return net.add("Relu", value)

    value = relu(net.conv("x", (3, 64), 7, 2))
    value = net.add("MaxPool", value, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    taken, expansion = 64, 4 if is_bottleneck else 1
    for stage, count in enumerate(blocks):
        width = 64 << stage
        made = width * expansion
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            if is_bottleneck:
                inner = relu(net.conv(value, (taken, width)))
                inner = relu(net.conv(inner, (width, width), 3, stride))
                inner = net.conv(inner, (width, made), gain=DAMPING)
            else:
                inner = relu(net.conv(value, (taken, width), 3, stride))
                inner = net.conv(inner, (width, made), 3, gain=DAMPING)
            if stride > 1 or taken != made:
                value = net.conv(value, (taken, made), 1, stride, gain=1.0)
            value, taken = relu(net.add("Add", inner, value)), made
    value = net.add("Flatten", net.add("GlobalAveragePool", value))
    weights = net.weights(1000, taken, depth=taken, gain=1.0)
    net.save(file, [net.add("Gemm", value, weights, net.bias(1000), transB=1)])


def detector(file, size=320):
    """The shape of a small YOLO: CSP blocks with SiLU, pooled context, a neck that goes up and
    down again, and heads of 144 channels at strides 8, 16 and 32."""
    net = Network("detector", (1, 3, size, size))
    twice = net.constant(np.array([1, 1, 2, 2], np.float32))

    def layer(value, taken, made, kernel=1, stride=1):
        value = net.conv(value, (taken, made), kernel, stride, gain=3.0)
        return net.add("Mul", value, net.add("Sigmoid", value))

    def joined(*values):
        return net.add("Concat", *values, axis=1)

    def csp(value, taken, made, count, is_residual=True):
        half = made // 2
        kept = [layer(value, taken, half), layer(value, taken, half)]
        for _ in range(count):
            inner = layer(layer(kept[-1], half, half, 3), half, half, 3)
            kept.append(net.add("Add", kept[-1], inner) if is_residual else inner)
        return layer(joined(*kept), half * len(kept), made)

    def pooled(value, channels):
        kept = [layer(value, channels, channels // 2)]
        for _ in range(3):
            kept.append(net.add(
                "MaxPool", kept[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
        return layer(joined(*kept), channels * 2, channels)

    def up(value):
        return net.add(
            "Resize", value, "", twice, mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric")

    def head(value, channels):
        value = layer(layer(value, channels, 64, 3), 64, 64, 3)
        return net.conv(value, (64, 144), gain=1.0)

    value = layer(layer("x", 3, 16, 3, 2), 16, 32, 3, 2)
    value = csp(value, 32, 32, 1)
    at8 = csp(layer(value, 32, 64, 3, 2), 64, 64, 2)
    at16 = csp(layer(at8, 64, 128, 3, 2), 128, 128, 2)
    at32 = pooled(csp(layer(at16, 128, 256, 3, 2), 256, 256, 1), 256)
    up16 = csp(joined(up(at32), at16), 384, 128, 1, is_residual=False)
    up8 = csp(joined(up(up16), at8), 192, 64, 1, is_residual=False)
    down16 = csp(joined(layer(up8, 64, 64, 3, 2), up16), 192, 128, 1, is_residual=False)
    down32 = csp(joined(layer(down16, 128, 128, 3, 2), at32), 384, 256, 1, is_residual=False)
    net.save(file, [head(up8, 64), head(down16, 128), head(down32, 256)])


def encoder(file, tokens, layers=4, width=256, heads=4):
    """Vaswani et al. 2017, the encoder, with GELU as exporters spell it by Erf."""
    net = Network("encoder", (1, tokens, width))

    def scalar(value):
        return net.constant(np.array(value, np.float32))

    root, one, half = scalar(2**0.5), scalar(1), scalar(0.5)
    scale = scalar((width // heads) ** -0.5)
    split = net.constant(np.array([1, tokens, heads, width // heads], np.int64))
    merged = net.constant(np.array([1, tokens, width], np.int64))

    def by_head(value, order):
        value = net.add("Reshape", net.dense(value, width, width), split)
        return net.add("Transpose", value, perm=order)

    def normalized(value):
        return net.add(
            "LayerNormalization", value, net.constant(np.ones(width, np.float32)),
            net.bias(width), axis=-1)

    def gelu(value):
        erf = net.add("Erf", net.add("Div", value, root))
        return net.add("Mul", net.add("Mul", value, net.add("Add", erf, one)), half)

    value = "x"
    for _ in range(layers):
        scores = net.add("MatMul", by_head(value, [0, 2, 1, 3]), by_head(value, [0, 2, 3, 1]))
        shares = net.add("Softmax", net.add("Mul", scores, scale), axis=-1)
        mixed = net.add("MatMul", shares, by_head(value, [0, 2, 1, 3]))
        mixed = net.add("Reshape", net.add("Transpose", mixed, perm=[0, 2, 1, 3]), merged)
        value = normalized(net.add("Add", value, net.dense(mixed, width, width)))
        inner = net.dense(gelu(net.dense(value, width, 4 * width)), 4 * width, width)
        value = normalized(net.add("Add", value, inner))
    net.save(file, [value])


def recurrent(file, operator, steps=64, hidden=256):
    """One LSTM or GRU over a sequence that comes batch first."""
    gates = {"LSTM": 4, "GRU": 3}[operator]
    net = Network(operator.lower(), (1, steps, hidden))
    attributes = {"linear_before_reset": 1} if operator == "GRU" else {}
    value = net.add(
        operator, net.add("Transpose", "x", perm=[1, 0, 2]),
        net.weights(1, gates * hidden, hidden, depth=hidden, gain=1.0),
        net.weights(1, gates * hidden, hidden, depth=hidden, gain=1.0),
        net.bias(1, 2 * gates * hidden), hidden_size=hidden, **attributes)
    shape = net.constant(np.array([1, steps, hidden], np.int64))
    net.save(file, [net.add("Reshape", value, shape)])
