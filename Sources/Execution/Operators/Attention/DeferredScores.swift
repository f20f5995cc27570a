internal import Graphs
internal import Kernels
internal import Tensors

/// Scores of queries and keys that go through a softmax into a product with values, which computes
/// them a few rows at a time.
struct DeferredScores {
  var query: Value
  /// `[…, depth, keys]`
  var key: Value
  /// `[…, queries, keys]`
  let shape: Shape
  let stages: [ScoreStage]
  var mask: Value?
  /// How what the softmax makes is rounded, if it is.
  let rounding: AttentionInt8.Map?
  /// All between the operands and the product with values.
  let units: [Int]
}

extension OperatorSite {
  /// Leaves a product of two activations to the product that its softmax goes into, if there is one.
  /// - Parameter shape: of this product.
  func `defer`(
    scoresOf query: Value, _ key: Value, shape: Shape
  ) throws(ExecutionError) -> Bool {
    guard compiler.fuses, narrowType == nil, query.elementType == .float32,
      query.shape.rank >= 2, key.shape.rank >= 2, shape.rank <= 4, shape.elementCount > 0,
      let index = compiler.graph.producer(of: unit.outputs[0]),
      let way = try ScoreWay(from: index, shape: shape, self)
    else { return false }
    for unit in way.units.dropFirst() { compiler.absorb(unit) }
    let value = Value(name: way.output, elementType: .float32, shape: shape)
    value.scores = DeferredScores(
      query: query, key: key, shape: shape, stages: way.stages, mask: way.mask,
      rounding: way.rounding, units: way.units)
    declare(value)
    return true
  }
}

/// The way of scores from their product through a softmax to the left side of another product.
private struct ScoreWay {
  private(set) var units: [Int]
  private(set) var stages: [ScoreStage] = []
  private(set) var mask: Value?
  private(set) var rounding: AttentionInt8.Map?
  /// What the product with values reads.
  private(set) var output: String
  private let shape: Shape
  private let site: OperatorSite

  private var graph: PlanGraph { site.compiler.graph }

  /// - Returns: `nil` where something else reads what is in between, or does more to it.
  init?(from product: Int, shape: Shape, _ site: OperatorSite) throws(ExecutionError) {
    self.shape = shape
    self.site = site
    units = [product]
    output = site.unit.outputs[0]
    while true {
      guard let reader = soleReader() else { return nil }
      let unit = graph.units[reader]
      if unit.is("Softmax") {
        guard isAlongKeys(unit) else { return nil }
        take(reader)
        break
      }
      guard try takeStage(reader) else { return nil }
    }
    if let reader = soleReader(), let map = try takeRounding(reader) { rounding = map }
    guard let reader = soleReader(), case let unit = graph.units[reader], unit.is("MatMul"),
      unit.inputs.count == 2, unit.inputs[0] == output, try hasMatrices(unit.inputs[1])
    else { return nil }
  }

  private func soleReader() -> Int? {
    graph.soleReader(of: output).flatMap { site.compiler.isAbsorbed($0) ? nil : $0 }
  }

  private mutating func take(_ unit: Int) {
    units.append(unit)
    output = graph.units[unit].outputs[0]
  }

  private func isAlongKeys(_ unit: PlanGraph.Unit) -> Bool {
    let axis = unit.node?.int("axis") ?? (site.compiler.model.opset < 13 ? 1 : -1)
    return axis == -1 || axis == Int64(shape.rank - 1)
  }

  /// A factor, a mask that is known by now, or a rounding.
  private mutating func takeStage(_ reader: Int) throws(ExecutionError) -> Bool {
    let unit = graph.units[reader]
    if let map = try takeRounding(reader) {
      stages.append(.rounded(scale: map.scale, zeroPoint: map.zeroPoint))
      return true
    }
    if case .affine(let factor, 0)? = try site.elementwiseFunction(
      of: unit, input: output, rank: shape.rank)
    {
      stages.append(.scaled(by: factor))
      take(reader)
      return true
    }
    guard mask == nil, unit.is("Add"), unit.inputs.count == 2,
      let other = unit.inputs.first(where: { $0 != output }),
      let value = try site.compiler.existingValue(named: other), value.elementType == .float32,
      value.shape.broadcast(with: shape) == shape,
      let place = HeadMatrices(value.shape, value.shape.strides, in: shape), place.columnStride <= 1
    else { return false }
    mask = value
    stages.append(.masked(place))
    take(reader)
    return true
  }

  /// A quantizer to bytes and the dequantizer behind it.
  private mutating func takeRounding(_ reader: Int) throws(ExecutionError) -> AttentionInt8.Map? {
    let compiler = site.compiler
    guard let quantizer = try QuantizedTail.quantizer(reader, shape, compiler),
      let next = graph.soleReader(of: graph.units[reader].outputs[0]),
      let map = try compiler.map(ofDequantizer: next, behind: reader, quantizer, shape)
    else { return nil }
    take(reader)
    take(next)
    return map
  }

  /// Whether the values can be told to be at most one matrix for each of two axes.
  private func hasMatrices(_ name: String) throws(ExecutionError) -> Bool {
    var name = name
    for _ in 0..<8 {
      if let value = try site.compiler.existingValue(named: name) {
        return value.shape.rank <= 4 && value.elementType == .float32
      }
      guard let producer = graph.producer(of: name) else { return false }
      let unit = graph.units[producer]
      switch unit.node?.operatorName.name {
      case "Transpose": return unit.node?.ints("perm").map { $0.count <= 4 } ?? false
      case "QuantizeLinear", "DequantizeLinear", "Identity": name = unit.inputs[0]
      case "Reshape" where unit.inputs.count > 1:
        return site.compiler.model.graph.constant(unit.inputs[1]).map { $0.elementCount <= 4 }
          ?? false
      default: return false
      }
    }
    return false
  }
}

extension PlanCompiler {
  /// How a dequantizer undoes the quantizer before it; `nil` where it is none, or takes other
  /// parameters.
  func map(
    ofDequantizer index: Int, behind quantizer: Int, _ operands: QuantizationOperands,
    _ shape: Shape
  ) throws(ExecutionError) -> AttentionInt8.Map? {
    let unit = graph.units[index]
    guard unit.is("DequantizeLinear"), let node = unit.node, !isAbsorbed(index),
      unit.inputs.first == graph.units[quantizer].outputs.first
    else { return nil }
    let other = try QuantizationOperands(
      OperatorSite(compiler: self, unit: index), node: node, shape: shape, codes: operands.type)
    guard other.isByte, other.scales == operands.scales, other.zeroPoints == operands.zeroPoints
    else { return nil }
    return AttentionInt8.Map(
      scale: operands.scales[0], zeroPoint: operands.zeroPoints[0] + operands.shift)
  }
}

extension HeadMatrices {
  /// Matrices over the last two axes, repeated along axes that `whole` has more of.
  /// - Parameters:
  ///   - strides: for each axis of `shape`.
  ///   - whole: of rank 4 at most.
  init?(_ shape: Shape, _ strides: [Int], in whole: Shape) {
    guard shape.rank <= whole.rank, whole.rank <= 4 else { return nil }
    let missing = whole.rank - shape.rank
    /// Of an axis of `whole`, from the end.
    func stride(_ place: Int) -> Int {
      let axis = whole.rank - place - missing
      return place > whole.rank || axis < 0 || shape[axis] == 1 ? 0 : strides[axis]
    }
    self.init(
      batchStride: stride(4), headStride: stride(3), rowStride: stride(2), columnStride: stride(1))
  }
}
