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
    registry.register(
      "LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization",
      kernel: LayerNormalization.self)
    registry.register(
      "com.microsoft.SkipLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization",
      kernel: SkipLayerNormalization.self)
    registry.register(
      "InstanceNormalization", "GroupNormalization", kernel: GroupNormalization.self)
    registry.register(
      "LRN", "LpNormalization", "MeanVarianceNormalization", kernel: AxisNormalization.self)
    registry.register("Softmax", "LogSoftmax", "Hardmax", kernel: Softmax.self)
    registry.register(
      "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean", "Mod", "BitwiseAnd",
      "BitwiseOr", "BitwiseXor", "BitShift", "PRelu", kernel: BinaryArithmetic.self)
    registry.register(
      "Relu", "Neg", "Abs", "Sign", "HardSwish", "HardSigmoid", "Sigmoid", "Tanh", "LeakyRelu",
      "Elu", "Softplus", "Mish", "Erf", "Gelu", "Exp", "Log", "Sqrt", "Reciprocal", "Floor",
      "Ceil", "Round", "Softsign", "ThresholdedRelu", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan",
      "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Celu", "Selu", "Shrink", "Swish", "BitwiseNot",
      kernel: Elementwise.self)
    registry.register("Clip", kernel: Clamping.self)
    registry.register("IsNaN", "IsInf", "Not", kernel: Test.self)
    registry.register(
      "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor",
      kernel: Comparison.self)
    registry.register("ArgMax", "ArgMin", kernel: ArgumentReduction.self)
    registry.register("CumSum", "CumProd", kernel: Accumulation.self)
    registry.register("Trilu", kernel: Triangle.self)
    registry.register("EyeLike", kernel: Identity.self)
    registry.register("Det", kernel: Determinant.self)
    registry.register("Where", kernel: Selection.self)
    registry.register("MaxPool", "AveragePool", "LpPool", "GlobalLpPool", kernel: Pooling.self)
    registry.register(
      "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin",
      "ReduceProd", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSum",
      "ReduceLogSumExp", kernel: Reduction.self)
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
    registry.register("DepthToSpace", "SpaceToDepth", kernel: DepthSpace.self)
    registry.register("GridSample", kernel: GridSampling.self)
    registry.register("AffineGrid", kernel: AffineGrid.self)
    registry.register("RoiAlign", kernel: RegionAlignment.self)
    registry.register("MaxRoiPool", kernel: RegionMaximum.self)
    registry.register("MaxUnpool", kernel: Unpooling.self)
    registry.register("Col2Im", kernel: BlockFolding.self)
    registry.register("CenterCropPad", kernel: CenterCropPad.self)
    registry.register("DeformConv", kernel: DeformableConvolution.self)
    registry.register("CausalConvWithState", kernel: CausalConvolution.self)
    registry.register("Cast", "CastLike", kernel: Casting.self)
    registry.register("BitCast", kernel: BitCasting.self)
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
    registry.register("If", controlFlow: Conditional.self)
    registry.register("Loop", controlFlow: Looping.self)
    registry.register("Scan", controlFlow: Scanning.self)
    registry.register("SequenceMap", controlFlow: SequenceMapping.self)
    registry.register("SequenceConstruct", "SequenceEmpty", tensorOperator: SequenceMaking.self)
    registry.register(
      "SequenceAt", "SequenceInsert", "SequenceErase", "SequenceLength",
      tensorOperator: SequenceEditing.self)
    registry.register("SplitToSequence", tensorOperator: SequenceSplitting.self)
    registry.register("ConcatFromSequence", tensorOperator: SequenceJoining.self)
    registry.register(
      "Optional", "OptionalHasElement", "OptionalGetElement", tensorOperator: OptionalAccess.self)
    registry.registerIndexing()
    registry.registerAttention()
    registry.registerSignal()
    return registry
  }()
}
