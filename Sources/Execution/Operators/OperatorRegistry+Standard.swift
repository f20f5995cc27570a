extension OperatorRegistry {
  /// Everything a float plan can run besides the functions of one number that
  /// `elementwiseFunction` knows. To support an operator, write its kernel and add a line here.
  static let standard: OperatorRegistry = {
    var registry = OperatorRegistry()
    registry.register("Conv", kernel: Convolution.self)
    registry.register("ConvTranspose", kernel: ConvolutionTranspose.self)
    registry.register("MatMul", kernel: MatrixMultiplication.self)
    registry.register("Gemm", kernel: Gemm.self)
    registry.register("LSTM", "GRU", "RNN", kernel: Recurrence.self)
    registry.register("BatchNormalization", kernel: BatchNormalization.self)
    registry.register("LayerNormalization", kernel: LayerNormalization.self)
    registry.register("Softmax", "LogSoftmax", kernel: Softmax.self)
    registry.register(
      "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", kernel: BinaryArithmetic.self)
    registry.register(
      "Relu", "Clip", "Neg", "Abs", "Sign", "Not", "HardSwish", "HardSigmoid", "Sigmoid", "Tanh",
      "LeakyRelu", "Elu", "Softplus", "Mish", "Erf", "Gelu", "Exp", "Log", "Sqrt", "Reciprocal",
      "Floor", "Ceil", "Round", "Softsign", "ThresholdedRelu", kernel: SlowElementwise.self)
    registry.register(
      "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor",
      kernel: Comparison.self)
    registry.register("Where", kernel: Selection.self)
    registry.register("MaxPool", "AveragePool", kernel: Pooling.self)
    registry.register(
      "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin",
      "ReduceProd", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSumExp",
      kernel: Reduction.self)
    registry.register(
      "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", kernel: Reshaping.self)
    registry.register("Transpose", kernel: Transposition.self)
    registry.register("Concat", kernel: Concatenation.self)
    registry.register("Split", kernel: Splitting.self)
    registry.register("Slice", kernel: Slicing.self)
    registry.register("Gather", kernel: Gathering.self)
    registry.register("Expand", "Tile", kernel: Repetition.self)
    registry.register("Pad", kernel: Padding.self)
    registry.register("Resize", kernel: Resizing.self)
    registry.register("Cast", kernel: Casting.self)
    registry.register("Shape", "Size", kernel: ShapeQuery.self)
    registry.register("ConstantOfShape", kernel: ConstantOfShape.self)
    registry.register("Range", kernel: Enumeration.self)
    registry.register("Constant", kernel: ConstantValue.self)
    registry.register("QuantizeLinear", kernel: Quantization.self)
    registry.register("DequantizeLinear", kernel: Dequantization.self)
    registry.register("DynamicQuantizeLinear", kernel: DynamicQuantizer.self)
    registry.register("MatMulInteger", kernel: CodeMatrixMultiplication.self)
    registry.register("ConvInteger", kernel: CodeConvolution.self)
    registry.register("com.microsoft.DynamicQuantizeLSTM", kernel: DynamicQuantizeLSTM.self)

    registry.register("GatherElements", kernel: ElementGathering.self)
    registry.register("GatherND", kernel: SliceGathering.self)
    registry.register("ScatterElements", "Scatter", kernel: ElementScattering.self)
    registry.register("ScatterND", kernel: SliceScattering.self)
    registry.register("TensorScatter", kernel: CacheUpdate.self)
    registry.register("TopK", kernel: TopK.self)
    registry.register("OneHot", kernel: OneHot.self)
    registry.register("ReverseSequence", kernel: SequenceReversal.self)
    registry.register("NonZero", tensorOperator: NonZero.self)
    registry.register("Compress", tensorOperator: Compress.self)
    registry.register("Unique", tensorOperator: Uniqueness.self)
    registry.register("NonMaxSuppression", tensorOperator: NonMaxSuppression.self)
    registry.register("Einsum", kernel: Einsum.self)
    registry.register("DFT", kernel: DiscreteFourier.self)
    registry.register("STFT", kernel: ShortTimeFourier.self)
    registry.register("HannWindow", "HammingWindow", "BlackmanWindow", kernel: Window.self)
    registry.register("MelWeightMatrix", kernel: MelWeightMatrix.self)
    registry.register("Attention", kernel: Attention.self)
    registry.register(
      "RotaryEmbedding", "com.microsoft.RotaryEmbedding", kernel: RotaryEmbedding.self)
    registry.register("com.microsoft.Attention", kernel: PackedAttention.self)
    registry.register("com.microsoft.MultiHeadAttention", kernel: MultiHeadAttention.self)
    registry.register("com.microsoft.FusedMatMul", kernel: FusedMatrixMultiplication.self)
    registry.register("LinearAttention", kernel: LinearAttention.self)
    registry.register("SwiGLU", kernel: SwiGLU.self)
    return registry
  }()
}
