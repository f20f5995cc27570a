internal import Graphs

/// The operators that have gradients. To support another, write its step and add a line here.
enum DifferentiableOperators {
  private static let types: [String: any DifferentiableOperator.Type] = [
    "Conv": ConvolutionOperator.self, "ConvTranspose": TransposedConvolutionOperator.self,
    "BatchNormalization": BatchNormalizationOperator.self,
    "LayerNormalization": LayerNormalizationOperator.self,
    "Gemm": GemmOperator.self, "MatMul": MatMulOperator.self,
    "Add": ArithmeticOperator.self, "Sub": ArithmeticOperator.self,
    "Mul": ArithmeticOperator.self, "Div": ArithmeticOperator.self, "Pow": PowerOperator.self,
    "Relu": ActivationOperator.self, "LeakyRelu": ActivationOperator.self,
    "Clip": ActivationOperator.self, "Sigmoid": ActivationOperator.self,
    "HardSigmoid": ActivationOperator.self, "HardSwish": ActivationOperator.self,
    "Tanh": ActivationOperator.self, "Elu": ActivationOperator.self,
    "Softplus": ActivationOperator.self, "Softsign": ActivationOperator.self,
    "Exp": ActivationOperator.self, "Log": ActivationOperator.self,
    "Sqrt": ActivationOperator.self, "Reciprocal": ActivationOperator.self,
    "Erf": ActivationOperator.self, "Neg": ActivationOperator.self,
    "Abs": ActivationOperator.self, "Gelu": ActivationOperator.self,
    "Mish": ActivationOperator.self, "Swish": ActivationOperator.self,
    "ThresholdedRelu": ActivationOperator.self,
    "MaxPool": MaximumPoolOperator.self, "AveragePool": AveragePoolOperator.self,
    "GlobalAveragePool": ReductionOperator.self, "ReduceMean": ReductionOperator.self,
    "ReduceSum": ReductionOperator.self,
    "Softmax": SoftmaxOperator.self, "LogSoftmax": SoftmaxOperator.self,
    "Identity": ReshapingOperator.self, "Dropout": ReshapingOperator.self,
    "Reshape": ReshapingOperator.self, "Flatten": ReshapingOperator.self,
    "Squeeze": ReshapingOperator.self, "Unsqueeze": ReshapingOperator.self,
    "LSTM": RecurrentOperator.self, "GRU": RecurrentOperator.self,
    "Concat": ConcatenationOperator.self,
    "Transpose": MovementOperator.self, "Slice": MovementOperator.self,
    "Split": MovementOperator.self, "Expand": MovementOperator.self,
    "Gather": GatherOperator.self, "Pad": MovementOperator.self,
    "Tile": MovementOperator.self, "DepthToSpace": MovementOperator.self,
    "SpaceToDepth": MovementOperator.self, "Resize": ResizeOperator.self,
  ]

  static func type(for name: OperatorName) -> (any DifferentiableOperator.Type)? {
    name.domain.isEmpty ? types[name.name] : nil
  }
}
