internal import Graphs
internal import Kernels
internal import Tensors

/// Compiles quantized patterns to integer kernels: an operator whose operands exist as codes, and
/// the quantizer behind it. What matches no pattern is left to float steps, as an island.
struct IntegerCompiler {
  let site: OperatorSite

  var kernels: Int8Kernels { Int8Kernels(isa: site.isa) }

  /// Whether the unit matched a pattern and is compiled.
  func compile() throws(ExecutionError) -> Bool {
    guard let first = site.unit.inputs.first, !first.isEmpty, !site.unit.outputs.isEmpty,
      try codes(of: first) != nil || site.unit.inputs.count > 1
        || site.unit.is("DynamicQuantizeLinear")
    else { return false }
    if try compileTable() { return true }
    guard let node = site.unit.node, node.operatorName.domain.isEmpty else { return false }
    let name = node.operatorName.name
    if ["Conv", "ConvTranspose", "Gemm", "MatMul"].contains(name), !site.hasInput(1) {
      // The float form says what is missing.
      return false
    }
    switch name {
    case "Conv": return try compileConvolution(node)
    case "ConvTranspose": return try compileTransposedConvolution(node)
    case "Gemm": return try compileGemm(node)
    case "MatMul": return try compileMatMul()
    case "Add", "Sub", "Mul": return try compileBinary(node)
    case "MaxPool": return try compileMaxPool(node)
    case "AveragePool": return try compileAveragePool(node)
    case "GlobalAveragePool", "ReduceMean": return try compileMean(node)
    case "Concat": return try compileConcatenation(node)
    case "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Transpose", "Slice",
      "Split", "Resize", "Expand", "Tile", "Gather", "DepthToSpace", "SpaceToDepth":
      return try compileMovement(node)
    case "Pad": return try compilePadding(node)
    case "LSTM", "GRU", "RNN": return try compileRecurrence(node)
    case "DynamicQuantizeLinear": return try compileDynamicQuantizer()
    case "MatMulInteger": return try compileDynamicMatMul()
    case "ConvInteger": return try compileDynamicConvolution(node)
    case "Where": return try compileSelection()
    default: return false
    }
  }

  /// The codes that stand for a real value; `nil` for values that exist as floats only.
  func codes(of name: String) throws(ExecutionError) -> Codes? {
    guard !name.isEmpty, site.compiler.model.graph.constant(name) == nil else { return nil }
    if let constant = try constantCodes(of: name) { return constant }
    guard let value = try site.compiler.existingValue(named: name),
      value.elementType == .float32, value.forms.isEmpty || value.codes != nil
    else { return nil }
    return value.codes.flatMap { $0.scale.isFinite ? $0 : nil }
  }

  /// Codes that come from a dequantizer of constants with one scale.
  private func constantCodes(of name: String) throws(ExecutionError) -> Codes? {
    guard let stored = try StoredCodes(name, site), stored.operands.isByte,
      stored.operands.isPerTensor, stored.operands.scales[0].isFinite
    else { return nil }
    let shift = stored.operands.shift
    let bytes = stored.codes.map { UInt8(truncatingIfNeeded: $0 + shift) }
    return Codes(
      value: site.compiler.addConstant(Tensor(bytes, shape: stored.shape)),
      scale: stored.operands.scales[0], zeroPoint: stored.operands.zeroPoints[0] + shift,
      isSigned: stored.operands.type == .int8)
  }

  /// New codes in the arena for the output of `tail`.
  func output(_ tail: QuantizedTail, _ shape: Shape, _ layout: Layout) -> (Codes, Buffer.ID) {
    let value = Value(
      name: tail.codesName, elementType: .uint8, shape: shape, layout: layout)
    let buffer = site.compiler.addBuffer(.arena, byteCount: shape.elementCount)
    value.forms[layout] = buffer
    let codes = Codes(
      value: value, scale: tail.final.scales[0],
      zeroPoint: tail.final.zeroPoints[0] + tail.final.shift,
      isSigned: tail.final.type == .int8, maximum: tail.maximum)
    return (codes, buffer)
  }

  /// `real` is a new value that is nothing but `codes` seen as real numbers.
  func declare(_ name: String, shape: Shape, as codes: Codes) {
    let value = Value(
      name: name, elementType: .float32, shape: shape, layout: codes.value.layout)
    value.codes = codes
    site.declare(value)
  }
}
