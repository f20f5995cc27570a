internal import Graphs
internal import Kernels
internal import Tensors

extension IntegerCompiler {
  /// Add, Sub or Mul of two values that exist as codes.
  func compileBinary(_ node: Node) throws(ExecutionError) -> Bool {
    guard site.unit.inputs.count == 2, var left = try codes(of: site.unit.inputs[0]),
      var right = try codes(of: site.unit.inputs[1])
    else { return false }
    let shape = try site.broadcast(left.value.shape, right.value.shape)
    guard
      let tail = try QuantizedTail(
        after: site.unit.outputs[0], shape: shape, site, takesTable: false)
    else { return false }
    let layout = Self.layout(left.value, right.value, shape)
    let isProduct = node.is("Mul")
    var signs: (left: Float, right: Float) = (1, node.is("Sub") ? -1 : 1)
    func memory(_ codes: Codes) -> Shape {
      layout.memoryShape(of: codes.value.shape.padded(to: shape.rank))
    }
    var pattern = BroadcastPattern.between(memory(left), memory(right))
    if case .left(let outer, let middle, let inner)? = pattern {
      // The kernels repeat the right side only; all three operators are symmetric up to the sign.
      swap(&left, &right)
      signs = (signs.right, signs.left)
      pattern = .right(outer: outer, middle: middle, inner: inner)
    }
    guard let broadcast = pattern.flatMap(Self.broadcast) else { return false }
    let scale = Double(tail.first.scales[0])
    let constants = BinaryInt8(
      leftZeroPoint: UInt8(left.zeroPoint), rightZeroPoint: UInt8(right.zeroPoint),
      leftMultiplier: isProduct
        ? Float(Double(left.scale) * Double(right.scale) / scale)
        : signs.left * Float(Double(left.scale) / scale),
      rightMultiplier: isProduct ? 1 : signs.right * Float(Double(right.scale) / scale),
      outputZeroPoint: tail.first.zeroPoints[0] + tail.first.shift, low: tail.low, high: tail.high)
    let reads = [left, right].map {
      site.read($0.value, as: $0.value.shape.padded(to: shape.rank), layout)
    }
    for unit in tail.units { site.absorb(unit) }
    let (codes, target) = output(tail, shape, layout)
    let count = shape.elementCount
    let kernels = self.kernels
    try site.emit(
      codes: codes, type: tail.final.type,
      kernel: "\(isProduct ? "mul" : "add")-u8-\(site.isa.forCodes.rawValue)", reads: reads,
      isInteger: true,
      sharesInputs: broadcast == .same ? [0, 1] : [0]
    ) { (run: RunContext) throws(ExecutionError) in
      let (a, b, output) = (run.codes(reads[0]), run.codes(reads[1]), run.codes(target))
      if isProduct {
        kernels.multiply(constants, a, b, broadcast, output, count: count, pool: run.pool)
      } else {
        kernels.add(constants, a, b, broadcast, output, count: count, pool: run.pool)
      }
    }
    return true
  }

  private static func layout(_ left: Value, _ right: Value, _ shape: Shape) -> Layout {
    guard Layout.supportsChannelsLast(rank: shape.rank) else { return .rowMajor }
    let wantsIt = [left, right].contains {
      $0.shape.rank == shape.rank && $0.preferredLayout == .channelsLast
    }
    return wantsIt ? .channelsLast : .rowMajor
  }

  private static func broadcast(_ pattern: BroadcastPattern) -> BroadcastInt8? {
    switch pattern {
    case .same: .same
    case .right(outer: 1, middle: _, inner: 1): .scalar
    case .right(outer: 1, middle: _, let inner): .innermost(inner)
    case .right(outer: _, let middle, let inner): .perImage(middle: middle, inner: inner)
    case .left, .repeated, .crossed: nil
    }
  }
}
