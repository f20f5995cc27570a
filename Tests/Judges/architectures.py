"""Networks of today's shapes with random weights, written node by node as PyTorch exports them."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Writer:
    """Appends nodes and constants to a graph."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers = [], []

    def constant(self, value, dtype=np.float32):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def integers(self, *values):
        return self.constant(values, np.int64)

    def weights(self, *shape, fan=None):
        fan = fan or int(np.prod(shape[1:]))
        return self.constant(self.random.normal(0, (2 / fan) ** 0.5, shape))

    def node(self, operator, *inputs, scope="", count=1, **attributes):
        outputs = [f"{scope}/{operator}_{len(self.nodes)}_output_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(
            operator, inputs, outputs, name=f"{scope}/{operator}_{len(self.nodes)}", **attributes))
        return outputs[0] if count == 1 else outputs

    def model(self, inputs, outputs, opset):
        graph = helper.make_graph(self.nodes, "main", inputs, outputs, self.initializers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        return model

    # Layers.

    def conv(self, x, inputs, outputs, size=1, stride=1, group=1, scope=""):
        weights = self.weights(outputs, inputs // group, size, size)
        return self.node(
            "Conv", x, weights, self.constant(self.random.normal(0, 0.05, outputs)), scope=scope,
            kernel_shape=[size, size], strides=[stride, stride], pads=[size // 2] * 4, group=group)

    def batch_normalization(self, x, channels, scope, gain=1.0):
        draw = self.random
        return self.node(
            "BatchNormalization", x, self.constant(gain * draw.uniform(0.8, 1.2, channels)),
            self.constant(draw.normal(0, 0.1, channels)),
            self.constant(draw.normal(0, 0.1, channels)),
            self.constant(draw.uniform(0.8, 1.2, channels)), scope=scope)

    def linear(self, x, inputs, outputs, scope):
        weights = self.constant(self.random.normal(0, inputs ** -0.5, (inputs, outputs)))
        bias = self.constant(self.random.normal(0, 0.1, outputs))
        return self.node("Add", bias, self.node("MatMul", x, weights, scope=scope), scope=scope)

    def silu(self, x, scope):
        return self.node("Mul", x, self.node("Sigmoid", x, scope=scope), scope=scope)

    def layer_normalization(self, x, size, scope):
        mean = self.node("ReduceMean", x, axes=[-1], scope=scope)
        centred = self.node("Sub", x, mean, scope=scope)
        squares = self.node("Pow", centred, self.constant(2), scope=scope)
        variance = self.node("ReduceMean", squares, axes=[-1], scope=scope)
        safe = self.node("Add", variance, self.constant(1e-5), scope=scope)
        normal = self.node("Div", centred, self.node("Sqrt", safe, scope=scope), scope=scope)
        scaled = self.node(
            "Mul", normal, self.constant(self.random.uniform(0.8, 1.2, size)), scope=scope)
        return self.node("Add", scaled, self.constant(np.zeros(size)), scope=scope)

    def gelu(self, x, scope):
        erf = self.node(
            "Erf", self.node("Div", x, self.constant(2 ** 0.5), scope=scope), scope=scope)
        gate = self.node("Add", erf, self.constant(1), scope=scope)
        return self.node(
            "Mul", self.node("Mul", x, gate, scope=scope), self.constant(0.5), scope=scope)


def transformer(layers=2, width=64, heads=4, words=100, longest=64, classes=10):
    """An encoder like BERT's over `input_ids` of any length, with a mask of padding."""
    w = Writer(1)
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])
    length = w.node("Gather", w.node("Shape", "input_ids"), w.constant(1, np.int64), axis=0)
    end = w.node("Unsqueeze", length, w.integers(0))
    places = w.node("Slice", w.constant(np.arange(longest)[None], np.int64), w.integers(0), end,
                    w.integers(1))
    token = w.node("Gather", w.constant(w.random.normal(0, 1, (words, width))), "input_ids",
                   scope="/embeddings/words")
    place = w.node("Gather", w.constant(w.random.normal(0, 0.3, (longest, width))), places,
                   scope="/embeddings/places")
    x = w.layer_normalization(w.node("Add", token, place), width, "/embeddings/norm")
    # Word 0 is padding.
    padding = w.node("Cast", w.node("Equal", "input_ids", w.constant(0, np.int64)),
                     to=TensorProto.FLOAT)
    mask = w.node("Mul", w.node("Unsqueeze", padding, w.integers(1, 2)), w.constant(-10000))
    size = width // heads
    for index in range(layers):
        scope = f"/layers/{index}/attention"
        parts = []
        for name, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
            part = w.linear(x, width, width, f"{scope}/{name}")
            part = w.node("Reshape", part, w.integers(0, 0, heads, size), scope=scope)
            parts.append(w.node("Transpose", part, perm=order, scope=scope))
        scores = w.node("MatMul", parts[0], parts[1], scope=scope)
        scores = w.node("Div", scores, w.constant(size ** 0.5), scope=scope)
        scores = w.node("Add", scores, mask, scope=scope)
        mixed = w.node(
            "MatMul", w.node("Softmax", scores, axis=-1, scope=scope), parts[2], scope=scope)
        mixed = w.node("Transpose", mixed, perm=[0, 2, 1, 3], scope=scope)
        mixed = w.node("Reshape", mixed, w.integers(0, 0, width), scope=scope)
        out = w.linear(mixed, width, width, f"{scope}/out")
        x = w.layer_normalization(
            w.node("Add", out, x, scope=scope), width, f"/layers/{index}/norm1")
        scope = f"/layers/{index}/mlp"
        hidden = w.gelu(w.linear(x, width, 4 * width, f"{scope}/up"), f"{scope}/act")
        out = w.linear(hidden, 4 * width, width, f"{scope}/down")
        x = w.layer_normalization(
            w.node("Add", out, x, scope=scope), width, f"/layers/{index}/norm2")
    first = w.node("Gather", x, w.constant(0, np.int64), axis=1)
    pooled = w.node("Tanh", w.node(
        "Gemm", first, w.weights(width, width), w.constant(np.zeros(width)), transB=1))
    w.nodes.append(helper.make_node("Gemm", [
        pooled, w.weights(classes, width), w.constant(np.zeros(classes))], ["logits"],
        name="/head/Gemm", transB=1))
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])
    return w.model([ids], [logits], 14)


def resnet(width=8, depths=(3, 4, 6, 3), classes=10):
    """The 50 layers of ResNet-50, narrow."""
    w = Writer(2)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 64, 64])

    def unit(x, inputs, outputs, size, stride, scope, gain=1.0):
        return w.batch_normalization(
            w.conv(x, inputs, outputs, size, stride, scope=scope), outputs, scope, gain)

    x = w.node("Relu", unit("image", 3, width, 7, 2, "/stem"))
    x = w.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = width
    for stage, depth in enumerate(depths):
        inner, outer = width << stage, (width << stage) * 4
        for block in range(depth):
            scope = f"/layer{stage + 1}/{block}"
            stride = 2 if block == 0 and stage > 0 else 1
            y = w.node("Relu", unit(x, channels, inner, 1, 1, f"{scope}/conv1"), scope=scope)
            y = w.node("Relu", unit(y, inner, inner, 3, stride, f"{scope}/conv2"), scope=scope)
            y = unit(y, inner, outer, 1, 1, f"{scope}/conv3", gain=0.3)
            if block == 0:
                x = unit(x, channels, outer, 1, stride, f"{scope}/downsample")
            x = w.node("Relu", w.node("Add", y, x, scope=scope), scope=scope)
            channels = outer
    x = w.node("Flatten", w.node("GlobalAveragePool", x))
    w.nodes.append(helper.make_node("Gemm", [
        x, w.weights(classes, channels), w.constant(np.zeros(classes))], ["logits"],
        name="/fc/Gemm", transB=1))
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes])
    return w.model([image], [logits], 13)


def yolo(width=8, classes=4, bins=8, size=64):
    """A detector like YOLOv8: SiLU, split blocks, pooled pyramid, two scales, decoded boxes."""
    w = Writer(3)
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, size, size])

    def unit(x, inputs, outputs, kernel, stride, scope):
        return w.silu(w.conv(x, inputs, outputs, kernel, stride, scope=f"{scope}/conv"), scope)

    def split_block(x, inputs, outputs, scope, adds=True):
        half = outputs // 2
        x = unit(x, inputs, outputs, 1, 1, f"{scope}/cv1")
        parts = w.node(
            "Split", x, w.integers(half, half), axis=1, count=2, scope=scope)
        y = unit(parts[1], half, half, 3, 1, f"{scope}/m/cv1")
        y = unit(y, half, half, 3, 1, f"{scope}/m/cv2")
        if adds:
            y = w.node("Add", parts[1], y, scope=scope)
        joined = w.node("Concat", *parts, y, axis=1, scope=scope)
        return unit(joined, 3 * half, outputs, 1, 1, f"{scope}/cv2")

    def up(x, scope):
        return w.node("Resize", x, "", w.constant([1, 1, 2, 2]), mode="nearest",
                      coordinate_transformation_mode="asymmetric", nearest_mode="floor",
                      scope=scope)

    a, b, c = width, 2 * width, 4 * width
    x = unit("images", 3, a, 3, 2, "/model.0")
    x = unit(x, a, b, 3, 2, "/model.1")
    fine = split_block(x, b, b, "/model.2")
    x = split_block(unit(fine, b, c, 3, 2, "/model.3"), c, c, "/model.4")
    x = unit(x, c, b, 1, 1, "/model.5/cv1")
    pools = [x]
    for _ in range(3):
        pools.append(w.node("MaxPool", pools[-1], kernel_shape=[5, 5], strides=[1, 1],
                            pads=[2] * 4, scope="/model.5"))
    coarse = unit(w.node("Concat", *pools, axis=1, scope="/model.5"), 4 * b, c, 1, 1,
                  "/model.5/cv2")
    joined = w.node("Concat", up(coarse, "/model.6"), fine, axis=1, scope="/model.7")
    fine = split_block(joined, c + b, b, "/model.8", adds=False)
    down = w.node("Concat", unit(fine, b, b, 3, 2, "/model.9"), coarse, axis=1, scope="/model.10")
    coarse = split_block(down, b + c, c, "/model.11", adds=False)

    maps = []
    for index, (x, channels) in enumerate(((fine, b), (coarse, c))):
        scope = f"/model.12/cv{index}"
        box = w.conv(unit(x, channels, b, 3, 1, f"{scope}/box"), b, 4 * bins, scope=f"{scope}/box")
        label = w.conv(
            unit(x, channels, b, 3, 1, f"{scope}/cls"), b, classes, scope=f"{scope}/cls")
        joined = w.node("Concat", box, label, axis=1, scope=scope)
        maps.append(w.node("Reshape", joined, w.integers(1, 4 * bins + classes, -1), scope=scope))
    scope = "/model.12"
    joined = w.node("Concat", *maps, axis=2, scope=scope)
    boxes, labels = w.node(
        "Split", joined, w.integers(4 * bins, classes), axis=1, count=2, scope=scope)
    # Distances to the sides are expectations over bins.
    x = w.node("Reshape", boxes, w.integers(1, 4, bins, -1), scope=f"{scope}/dfl")
    x = w.node("Transpose", x, perm=[0, 2, 1, 3], scope=f"{scope}/dfl")
    x = w.node("Softmax", x, axis=1, scope=f"{scope}/dfl")
    kernel = w.constant(np.arange(bins).reshape(1, bins, 1, 1))
    x = w.node("Conv", x, kernel, kernel_shape=[1, 1], scope=f"{scope}/dfl/conv")
    x = w.node("Reshape", x, w.integers(1, 4, -1), scope=f"{scope}/dfl")
    places, strides = [], []
    for step in (4, 8):
        side = size // step
        row, column = np.mgrid[0:side, 0:side] + 0.5
        places.append(np.stack([column.ravel(), row.ravel()]))
        strides.append(np.full(side * side, step))
    anchor = w.constant(np.concatenate(places, 1)[None])
    near = w.node("Slice", x, w.integers(0), w.integers(2), w.integers(1), scope=scope)
    far = w.node("Slice", x, w.integers(2), w.integers(4), w.integers(1), scope=scope)
    low = w.node("Sub", anchor, near, scope=scope)
    high = w.node("Add", anchor, far, scope=scope)
    centre = w.node("Div", w.node("Add", low, high, scope=scope), w.constant(2), scope=scope)
    extent = w.node("Sub", high, low, scope=scope)
    decoded = w.node("Mul", w.node("Concat", centre, extent, axis=1, scope=scope),
                     w.constant(np.concatenate(strides)[None, None]), scope=scope)
    scores = w.node("Sigmoid", labels, scope=scope)
    w.nodes.append(helper.make_node(
        "Concat", [decoded, scores], ["output0"], name=f"{scope}/Concat", axis=1))
    points = sum(len(stride) for stride in strides)
    output = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 4 + classes, points])
    return w.model([image], [output], 17)


def words(count, length, seed, known=100):
    """Sentences of different lengths, filled up with word 0."""
    random = np.random.default_rng(seed)
    ids = random.integers(1, known, (count, length))
    for row in ids:
        row[random.integers(length // 2, length + 1):] = 0
    return ids.astype(np.int64)


def images(count, seed, size=64):
    """Smooth colours with edges in them."""
    random = np.random.default_rng(seed)
    coarse = random.normal(0, 1, (count, 3, 8, 8)).astype(np.float32)
    fine = np.repeat(np.repeat(coarse, size // 8, 2), size // 8, 3)
    return fine + random.normal(0, 0.2, fine.shape).astype(np.float32)
