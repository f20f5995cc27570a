internal import Graphs
internal import Kernels
internal import Tensors

/// Add, Sub, Mul, Div, Pow, Min, Max and their like, with broadcasting, over all numbers. Operators
/// that take any number of operands go from left to right.
struct BinaryArithmetic: OperatorKernel {
  static let widensHalves = true

  private let function: BinaryFunction
  private let name: String

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    name = node.operatorName.name
    guard let function = BinaryFunction(node) else {
      throw .unsupportedOperator(name: name, node: node.name, opset: opset)
    }
    self.function = function
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    var left = try site.input(0)
    guard site.inputCount > 1 else {
      return site.emitAlias(of: left, shape: left.shape)
    }
    let divisor = name == "Mean" ? site.inputCount : nil
    for index in 1..<site.inputCount {
      let right = try site.input(index)
      let isLast = index == site.inputCount - 1 && divisor == nil
      left = try combine(left, right, isLast: isLast, site)
    }
    if let divisor { try emitQuotient(left, by: divisor, site) }
  }

  private func combine(
    _ left: Value, _ right: Value, isLast: Bool, _ site: OperatorSite
  ) throws(ExecutionError) -> Value {
    if left.elementType == .float32, right.elementType == .float32,
      let kernel = function.floatKernel
    {
      return try compileFloat(left, right, kernel, isLast: isLast, site)
    }
    var right = right
    if function == .power, right.elementType != left.elementType {
      // Whole exponents stay exact; any other base is raised in double.
      let type =
        left.elementType.isInteger && !right.elementType.isInteger
        ? .float64 : left.elementType
      right = try site.operand(right, as: type)
      if type != left.elementType {
        let base = try site.operand(left, as: type)
        let power = try compileTyped(base, right, isLast: false, site)
        try site.emitConverted(
          site.read(power), type, to: left.elementType, shape: power.shape)
        return power
      }
    }
    guard left.elementType == right.elementType else {
      throw site.mismatch("\(left.elementType) with \(right.elementType)")
    }
    return try compileTyped(left, right, isLast: isLast, site)
  }

  private func compileFloat(
    _ left: Value, _ right: Value, _ function: FloatBinary, isLast: Bool, _ site: OperatorSite
  ) throws(ExecutionError) -> Value {
    let shape = try site.broadcast(left.shape, right.shape)
    let activation = isLast ? try site.absorbActivation(rank: shape.rank) : .none
    let layout = Self.layout(left, right, shape)
    var operands: [Buffer.ID] = []
    var shapes: [Shape] = []
    for value in [left, right] {
      let padded = value.shape.padded(to: shape.rank)
      operands.append(site.read(value, as: padded, layout))
      shapes.append(layout.memoryShape(of: padded))
    }
    let result = try site.output(0, .float32, shape, layout)
    let full = layout.memoryShape(of: shape)
    let pattern: BroadcastPattern
    if let direct = BroadcastPattern.between(shapes[0], shapes[1]) {
      pattern = direct
    } else {
      for side in 0..<2 where shapes[side] != full {
        operands[side] = try site.expand(operands[side], shapes[side], to: full, width: 4)
      }
      pattern = .same(count: full.elementCount)
    }
    let (first, second) = (operands[0], operands[1])
    let target = site.write(result)
    let isa = site.isa
    let shares = [0, 1].filter { shapes[$0] == full || pattern == .same(count: full.elementCount) }
    let kernel = "\(name.lowercased())-f32-\(isa.forFloats.rawValue)"
    let body: Step.Body = { (run: RunContext) throws(ExecutionError) in
      function.apply(
        run.floats(first), run.floats(second), into: run.floats(target), pattern: pattern,
        activation: activation, isa: isa, pool: run.pool)
    }
    try site.emitPart(
      result, isLast: isLast, kernel: kernel, reads: operands, sharesInputs: shares, body: body)
    return result
  }

  /// Channels last when an operand that is not a mere vector of channels lies so.
  private static func layout(_ left: Value, _ right: Value, _ shape: Shape) -> Layout {
    guard Layout.supportsChannelsLast(rank: shape.rank) else { return .rowMajor }
    let wantsIt = [left, right].contains {
      $0.shape.rank == shape.rank && $0.preferredLayout == .channelsLast
    }
    return wantsIt ? .channelsLast : .rowMajor
  }

  private func compileTyped(
    _ left: Value, _ right: Value, isLast: Bool, _ site: OperatorSite
  ) throws(ExecutionError) -> Value {
    let shape = try site.broadcast(left.shape, right.shape)
    let operands = [site.read(left), site.read(right)]
    let result = try site.output(0, left.elementType, shape)
    let work = Work(
      function: function, loop: BroadcastLoop(left.shape, right.shape, to: shape),
      operands: operands, target: site.write(result), divisors: right.shape.elementCount,
      node: site.nodeName)
    guard function.takes(left.elementType), let body = left.elementType.perform(work) else {
      throw site.wrongType(left.elementType)
    }
    try site.emitPart(
      result, isLast: isLast, kernel: "\(name.lowercased())-\(left.elementType)", reads: operands,
      sharesInputs: [], body: body)
    return result
  }

  private struct Work: NumericWork {
    let function: BinaryFunction
    let loop: BroadcastLoop
    let operands: [Buffer.ID]
    let target: Buffer.ID
    let divisors: Int
    let node: String

    func of<Element: NumericElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let a = run.elements(operands[0], of: type)
        let b = run.elements(operands[1], of: type)
        let to = run.elements(target, of: type)
        if function.divides, Element.elementType.isInteger,
          (0..<divisors).contains(where: { b[$0] == 0 })
        {
          throw .divisionByZero(node: node)
        }
        loop.run { index, i, j in to[index] = Element.apply(function, a[i], b[j]) }
      }
    }
  }

  /// The last part of a mean.
  private func emitQuotient(
    _ sum: Value, by divisor: Int, _ site: OperatorSite
  ) throws(ExecutionError) {
    let source = site.read(sum)
    let result = try site.output(0, sum.elementType, sum.shape)
    let work = Quotient(
      divisor: divisor, source: source, target: site.write(result), count: sum.shape.elementCount)
    guard let body = sum.elementType.perform(work) else { throw site.wrongType(sum.elementType) }
    try site.emit([result], kernel: "mean-\(sum.elementType)", reads: [source], body: body)
  }

  private struct Quotient: NumericWork {
    let divisor: Int
    let source: Buffer.ID
    let target: Buffer.ID
    let count: Int

    func of<Element: NumericElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        let divisor = Element(.integer(Int64(divisor)))
        for index in 0..<count { to[index] = Element.apply(.divide, from[index], divisor) }
      }
    }
  }
}
