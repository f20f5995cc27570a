import Graphs
import Quantization
import Tensors

/// One operator on codes, and the nodes of a QDQ graph whose work it does.
struct CodeOperator {
  /// The node that it replaces, with its id and name.
  private let node: Node
  private(set) var name: OperatorName
  private var inputs: [String] = []
  private var attributes: [String: Attribute]
  private let outputs: [CodedValue]
  private let clamps: [Clamp]
  /// Nodes behind the operator that are gone.
  let absorbed: Set<Node.ID>

  /// `nil` when ONNX Runtime has no operator on codes for what `node` does here.
  init?(_ node: Node, _ reader: CodeReader) {
    guard node.operatorName.domain.isEmpty, let first = node.input(0),
      let input = reader.source(of: first)
    else { return nil }
    let targets = node.outputs.compactMap { reader.target(of: $0) }
    guard let target = targets.first, targets.count == node.outputs.count else { return nil }
    self.node = node
    name = node.operatorName
    attributes = node.attributes
    outputs = targets.map(\.value)
    clamps = targets.count == 1 ? target.clamps : []
    absorbed = Set(targets.flatMap(\.nodes))
    guard targets.count == 1 || targets.allSatisfy({ $0.clamps.isEmpty }),
      make(input, target.value, reader)
    else { return nil }
  }

  private mutating func make(
    _ input: CodedValue, _ output: CodedValue, _ reader: CodeReader
  ) -> Bool {
    switch name.name {
    case "Conv": return makeConvolution(input, output, reader)
    case "MatMul": return makeMatMul(input, output, reader)
    case "Gemm": return makeGemm(input, output, reader)
    case "Add", "Mul":
      guard let other = node.input(1).flatMap(reader.source) else { return false }
      become("QLinear" + name.name, input.operands + other.operands, to: output)
    case "Sigmoid", "LeakyRelu":
      become("QLinear" + name.name, input.operands, to: output)
    case "Relu" where !input.means(theSameAs: output):
      attributes = ["alpha": .float(0)]
      become("QLinearLeakyRelu", input.operands, to: output)
    case "AveragePool":
      // ONNX Runtime's pool on codes knows neither more axes nor gaps.
      guard (node.ints("dilations") ?? []).allSatisfy({ $0 == 1 }),
        node.ints("kernel_shape")?.count ?? 3 <= 2
      else { return false }
      become("QLinearAveragePool", input.operands, to: output)
    case "GlobalAveragePool":
      become("QLinearGlobalAveragePool", input.operands, to: output)
    case "ReduceMean": return makeMean(input, output, reader)
    case "Concat": return makeConcat(output, reader)
    default: return move(input, reader)
    }
    return true
  }

  private mutating func become(_ operation: String, _ operands: [String], to output: CodedValue) {
    name = OperatorName(operation, domain: QOperatorForm.microsoft)
    inputs = operands + [output.scale, output.zeroPoint]
  }

  private mutating func makeConvolution(
    _ input: CodedValue, _ output: CodedValue, _ reader: CodeReader
  ) -> Bool {
    guard let weights = reader.stored(node.input(1), axis: 0), let zeroPoint = weights.zeroPoint
    else { return false }
    name = OperatorName("QLinearConv")
    inputs =
      input.operands + [weights.codes, weights.scale, zeroPoint]
      + [output.scale, output.zeroPoint]
    guard let bias = node.input(2) else { return true }
    guard let codes = biasCodes(bias, input, weights.scale, reader) else { return false }
    inputs.append(codes)
    return true
  }

  private mutating func makeMatMul(
    _ input: CodedValue, _ output: CodedValue, _ reader: CodeReader
  ) -> Bool {
    let right: [String]
    if let weights = reader.stored(node.input(1), axis: 1), let zeroPoint = weights.zeroPoint {
      guard reader.graph.constant(weights.codes)?.shape.rank == 2 else { return false }
      right = [weights.codes, weights.scale, zeroPoint]
    } else {
      guard let other = node.input(1).flatMap(reader.source) else { return false }
      right = other.operands
    }
    name = OperatorName("QLinearMatMul")
    inputs = input.operands + right + [output.scale, output.zeroPoint]
    return true
  }

  private mutating func makeGemm(
    _ input: CodedValue, _ output: CodedValue, _ reader: CodeReader
  ) -> Bool {
    let isTransposed = node.int("transB") ?? 0 != 0
    guard node.float("alpha") ?? 1 == 1, node.float("beta") ?? 1 == 1,
      let weights = reader.stored(node.input(1), axis: isTransposed ? 0 : 1),
      let zeroPoint = weights.zeroPoint
    else { return false }
    var operands = input.operands + [weights.codes, weights.scale, zeroPoint]
    if let bias = node.input(2) {
      guard let codes = biasCodes(bias, input, weights.scale, reader) else { return false }
      operands.append(codes)
    } else {
      operands.append("")
    }
    attributes["beta"] = nil
    become("QGemm", operands, to: output)
    return true
  }

  /// The int32 codes of a bias, when they are in units of the products.
  private func biasCodes(
    _ bias: String, _ input: CodedValue, _ weightScale: String, _ reader: CodeReader
  ) -> String? {
    guard let stored = reader.stored(bias, axis: 0),
      stored.zeroPoint.map({ reader.isZero($0) }) ?? true,
      reader.graph.constant(stored.codes)?.elementType == .int32,
      let scales = reader.graph.constant(stored.scale)?.float32s,
      let weights = reader.graph.constant(weightScale)?.float32s, scales.count == weights.count
    else { return nil }
    let agrees = zip(scales, weights).allSatisfy { own, weight in
      abs(own - input.parameters.scale * weight) <= own * 1e-6
    }
    return agrees ? stored.codes : nil
  }

  /// A mean over all axes behind the second is a global average; one that drops the axes is
  /// flattened behind it.
  private mutating func makeMean(
    _ input: CodedValue, _ output: CodedValue, _ reader: CodeReader
  ) -> Bool {
    guard let rank = reader.facts.ranks[node.inputs[0]], rank > 2, clamps.isEmpty,
      let axes = node.ints("axes")
        ?? node.input(1).flatMap({ reader.graph.constant($0)?.int64s }),
      axes.map({ $0 < 0 ? Int($0) + rank : Int($0) }).sorted() == Array(2..<rank)
    else { return false }
    dropsAxes = node.int("keepdims") ?? 1 == 0
    attributes = [:]
    become("QLinearGlobalAveragePool", input.operands, to: output)
    return true
  }

  private mutating func makeConcat(_ output: CodedValue, _ reader: CodeReader) -> Bool {
    let parts = node.inputs.compactMap { reader.source(of: $0) }
    guard parts.count == node.inputs.count else { return false }
    if parts.allSatisfy({ $0.means(theSameAs: output) }) {
      inputs = parts.map(\.codes)
      return true
    }
    name = OperatorName("QLinearConcat", domain: QOperatorForm.microsoft)
    inputs = [output.scale, output.zeroPoint] + parts.flatMap(\.operands)
    return true
  }

  /// Operators that ONNX defines on bytes as well.
  private static let moving: Set<String> = [
    "MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split",
    "Identity", "Expand", "Tile", "Gather", "Resize", "Pad",
  ]

  /// What moves values, or only clamps them, does the same to codes that keep their meaning.
  private mutating func move(_ input: CodedValue, _ reader: CodeReader) -> Bool {
    guard outputs.allSatisfy({ $0.means(theSameAs: input) }) else { return false }
    inputs = node.inputs
    inputs[0] = input.codes
    if let clamp = Clamp(node: node, graph: reader.graph) {
      name = OperatorName("Clip")
      inputs = [input.codes]
      ownClamp = clamp
      return true
    }
    guard Self.moving.contains(name.name) else { return false }
    switch name.name {
    case "Resize": return node.string("mode") ?? "nearest" == "nearest"
    case "Pad" where node.string("mode") ?? "constant" == "constant":
      let fill = node.input(2).map { reader.graph.constant($0)?.float32s ?? [] } ?? [0]
      guard fill == [0] else { return false }
      while inputs.count < 3 { inputs.append("") }
      inputs[2] = input.zeroPoint
    default: break
    }
    return true
  }

  /// The limits of an operator that is nothing but a clamp.
  private var ownClamp: Clamp?
  /// Whether a global average loses the axes that it averages over.
  private var dropsAxes = false

  // Writing.

  /// Clamps keep the order of values, as quantizing does: limits can be quantized instead.
  func write(to assembly: inout GraphAssembly) {
    let output = outputs[0]
    let map = output.parameters
    var limits = (low: map.range.lowest, high: map.range.highest)
    for clamp in (ownClamp.map { [$0] } ?? []) + clamps {
      let (low, high) = (map.quantizeLinear(clamp.lower), map.quantizeLinear(clamp.upper))
      limits = (min(max(limits.low, low), high), min(max(limits.high, low), high))
    }
    let isClamped = limits != (map.range.lowest, map.range.highest)
    var main = node
    main.operatorName = name
    main.attributes = attributes
    main.inputs = inputs
    main.outputs = outputs.map(\.codes)
    if dropsAxes {
      main.outputs = [assembly.claim(output.codes + "_pooled")]
      assembly.add(main)
      assembly.add("Flatten", inputs: main.outputs, output: output.codes)
      return
    }
    guard isClamped || ownClamp != nil else { return assembly.add(main) }

    let low = assembly.addConstant(output.codes + "_low", output.constant(limits.low))
    let high = assembly.addConstant(output.codes + "_high", output.constant(limits.high))
    if ownClamp != nil {
      main.inputs += [low, high]
      return assembly.add(main)
    }
    main.outputs = [assembly.claim(output.codes + "_unclamped")]
    assembly.add(main)
    assembly.add("Clip", inputs: [main.outputs[0], low, high], output: output.codes)
  }
}

extension CodedValue {
  /// A code as a constant of the codes' type.
  fileprivate func constant(_ code: Int32) -> Tensor {
    switch parameters.range.type {
    case .quint8, .quint4: .scalar(UInt8(clamping: code))
    case .qint8, .qint4: .scalar(Int8(clamping: code))
    }
  }
}

extension Tensor {
  /// The elements, when they are of that type.
  fileprivate var float32s: [Float]? { elementType == .float32 ? floats : nil }
  fileprivate var int64s: [Int64]? { elementType == .int64 ? array() : nil }
}
