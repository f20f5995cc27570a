/// What is known about an ONNX operator as far as quantization goes.
enum OperatorTraits {
  /// Moves elements and computes nothing, so it works on codes as on reals.
  static let moving: Set<String> = [
    "MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split",
    "Identity", "Dropout", "Concat", "DepthToSpace", "SpaceToDepth", "Expand", "Tile", "Gather",
  ]

  /// One value in, one value out, element by element: a table of 256 entries in int8.
  static let pointwise: Set<String> = [
    "Relu", "Clip", "LeakyRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "HardSwish",
    "HardSigmoid", "Sigmoid", "Tanh", "Softplus", "Softsign", "Mish", "Gelu", "Erf", "Exp", "Log",
    "Sqrt", "Abs", "Neg", "Reciprocal", "Floor", "Ceil", "Round", "Sign", "Sin", "Cos",
  ]

  /// Pointwise when one operand is a constant of one element.
  static let arithmetic: Set<String> = ["Add", "Sub", "Mul", "Div", "Pow", "Min", "Max"]

  /// Have a range known beforehand, so a chain ends with them.
  static let bounded: Set<String> = ["Sigmoid", "HardSigmoid", "Tanh", "Softmax"]

  static let averaging: Set<String> = ["GlobalAveragePool", "AveragePool", "ReduceMean"]

  /// Without an int8 kernel here, and rounded on both sides by ONNX Runtime's tool.
  static let roundedInFloat: Set<String> = ["Softmax", "Where", "MatMul", "Gemm"]

  static let controlFlow: Set<String> = ["If", "Loop", "Scan"]

  static let recurrent: Set<String> = ["LSTM", "GRU", "RNN"]

  /// Where a shape calculation starts.
  static let shapeSources: Set<String> = ["Shape", "Size"]

  /// Operators whose output is not float whatever the input; the rest pass their type on.
  static let integerResults: Set<String> = [
    "Shape", "Size", "ArgMax", "ArgMin", "NonZero", "NonMaxSuppression", "Equal", "Greater",
    "GreaterOrEqual", "Less", "LessOrEqual", "Not", "And", "Or", "Xor", "IsNaN", "IsInf",
    "QuantizeLinear", "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul",
  ]

  /// Post-processing and other operators that are known and stay in float.
  static func reasonForFloat(_ name: String) -> String {
    switch name {
    case _ where controlFlow.contains(name):
      "\(name) decides what runs; the layers inside of it are quantized"
    case _ where recurrent.contains(name): "\(name) is not quantized statically"
    case "NonMaxSuppression", "TopK", "RoiAlign": "\(name) is post-processing"
    case "Softmax", "LogSoftmax", "LayerNormalization", "InstanceNormalization", "Resize", "Pad",
      "BatchNormalization", "ReduceMax", "ReduceMin", "ReduceSum", "LpNormalization":
      "there is no int8 kernel for \(name) in this form"
    default: "there is no int8 kernel for \(name)"
    }
  }
}
