"""Operators of numbers in every element type that ONNX allows, against ONNX's reference evaluator.

Judged are values and shapes, and element types where the evaluator keeps to the standard's.
"""

import warnings

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from program import succeed

OPSET = 25
TYPES = {
    "tensor(float)": TensorProto.FLOAT, "tensor(double)": TensorProto.DOUBLE,
    "tensor(float16)": TensorProto.FLOAT16, "tensor(bfloat16)": TensorProto.BFLOAT16,
    "tensor(int8)": TensorProto.INT8, "tensor(int16)": TensorProto.INT16,
    "tensor(int32)": TensorProto.INT32, "tensor(int64)": TensorProto.INT64,
    "tensor(uint8)": TensorProto.UINT8, "tensor(uint16)": TensorProto.UINT16,
    "tensor(uint32)": TensorProto.UINT32, "tensor(uint64)": TensorProto.UINT64,
    "tensor(bool)": TensorProto.BOOL,
}
REALS = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16}
# A few units in the last place of each type.
TOLERANCE = {"float16": 4e-3, "bfloat16": 3e-2}

UNARY = """Abs Neg Sign Ceil Floor Round Sqrt Exp Log Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh
Acosh Atanh Erf Reciprocal Sigmoid Relu LeakyRelu Elu Celu Selu Shrink ThresholdedRelu HardSigmoid
HardSwish Mish Softplus Softsign Gelu Tanh Swish IsNaN IsInf Not BitwiseNot Softmax LogSoftmax
Hardmax ArgMax ArgMin Identity Det Trilu Size Shape""".split()
BINARY = """Add Sub Mul Div Pow Mod BitwiseAnd BitwiseOr BitwiseXor Equal Less LessOrEqual Greater
GreaterOrEqual And Or Xor PRelu Min Max Sum Mean""".split()
REDUCTIONS = """ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2
ReduceSumSquare ReduceLogSum ReduceLogSumExp""".split()
OTHERS = ["MatMul", "Gemm", "CumSum", "Clip", "Where"]


def types(operator):
    """The types of the first operand that may have several."""
    schema = onnx.defs.get_schema(operator, OPSET)
    allowed = {entry.type_param_str: entry.allowed_type_strs
               for entry in schema.type_constraints}
    names = allowed.get(schema.inputs[1 if operator == "Where" else 0].type_str,
                        [schema.inputs[0].type_str])
    return [TYPES[name] for name in sorted(names) if name in TYPES]


def values(random, kind, shape, low=-9.0, high=9.0):
    """Numbers from `low` to below `high`, whole ones for integers; truths for booleans."""
    if kind == TensorProto.BOOL:
        return random.random(shape) > 0.5
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    if kind in REALS:
        return random.uniform(low, high, shape).astype(dtype)
    low = max(int(low), np.iinfo(dtype).min)
    return random.integers(low, int(high), size=shape).astype(dtype)


def cases(operator, kind):
    """Operands and attributes, in the domain of the function."""
    random = np.random.default_rng(OPSET)
    low, high = {"Sqrt": (1, 9), "Log": (1, 9), "Asin": (-0.9, 0.9), "Acos": (-0.9, 0.9),
                 "Atanh": (-0.9, 0.9), "Acosh": (1, 9), "Pow": (1, 3), "Det": (-2, 2),
                 "ReduceLogSum": (1, 9), "ReduceLogSumExp": (1, 9), "ReduceProd": (1, 3),
                 "Exp": (-4, 2), "Sinh": (-2, 2), "Cosh": (-2, 2), "Tan": (-1, 1),
                 }.get(operator, (-3, 9))
    x = values(random, kind, (2, 4, 4) if operator == "Det" else (3, 4, 5), low, high)
    if operator in BINARY:
        low = 1 if operator in ("Div", "Mod") else low
        truncates = operator == "Mod" and kind in REALS
        yield [x, values(random, kind, (4, 1), low, high)], {"fmod": 1} if truncates else {}
    elif operator in REDUCTIONS:
        x = x[:2, :2, :2] if operator == "ReduceProd" else x
        for axes, keeps in ([1], 1), ([0, 2], 0), ([], 1):
            yield [x, np.array(axes, np.int64)], {"keepdims": keeps}
    elif operator == "MatMul":
        yield [x, values(random, kind, (3, 5, 2))], {}
    elif operator == "Gemm":
        shapes = (3, 4), (5, 4), (5,)
        yield [values(random, kind, shape) for shape in shapes], {"transB": 1}
    elif operator == "CumSum":
        yield [x, np.array(1, np.int64)], {"reverse": 1, "exclusive": 1}
    elif operator == "Clip":
        yield [x, np.array(1, x.dtype), np.array(3, x.dtype)], {}
    elif operator == "Where":
        yield [random.random((4, 1)) > 0.5, x, values(random, kind, (5,))], {}
    else:
        yield [x], {}


def one_node(operator, operands, attributes):
    names = [f"x{index}" for index in range(len(operands))]
    inputs = [helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(operand.dtype), operand.shape)
        for name, operand in zip(names, operands)]
    node = helper.make_node(operator, names, ["y"], **attributes)
    graph = helper.make_graph([node], operator, inputs, [onnx.ValueInfoProto(name="y")])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=11)
    return onnx.shape_inference.infer_shapes(model), dict(zip(names, operands))


def expected(model, feeds):
    """What the evaluator says; `None` where it cannot calculate in the type."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return np.asarray(ReferenceEvaluator(model).run(None, feeds)[0])
        except TypeError:
            return None


@pytest.mark.parametrize("operator", UNARY + BINARY + REDUCTIONS + OTHERS)
def test_every_type(operator, tmp_path):
    judged = 0
    for kind in types(operator):
        for number, (operands, attributes) in enumerate(cases(operator, kind)):
            model, feeds = one_node(operator, operands, attributes)
            reference = expected(model, feeds)
            folder = tmp_path / f"{kind}-{number}"
            (folder / "inputs").mkdir(parents=True)
            (folder / "model.onnx").write_bytes(model.SerializeToString())
            for index, (name, operand) in enumerate(feeds.items()):
                (folder / f"inputs/input_{index}.pb").write_bytes(
                    numpy_helper.from_array(operand, name).SerializeToString())
            succeed("run", folder / "model.onnx", "--inputs", folder / "inputs", "--outputs",
                    folder / "outputs")
            if reference is None:
                continue
            found = numpy_helper.to_array(onnx.TensorProto.FromString(
                (folder / "outputs/output_0.pb").read_bytes()))
            place = f"{operator} on {TensorProto.DataType.Name(kind)} {attributes}"
            declared = model.graph.output[0].type.tensor_type.elem_type
            assert found.dtype == helper.tensor_dtype_to_np_dtype(declared), place
            tolerance = TOLERANCE.get(found.dtype.name, 1e-5)
            np.testing.assert_allclose(
                found.astype(np.float64), reference.astype(np.float64), rtol=tolerance,
                atol=tolerance, err_msg=place)
            judged += 1
    assert judged > 0, operator
