internal import Glibc
internal import Graphs
internal import Kernels
internal import Tensors

/// Add, Sub, Mul, Div, Pow, Min and Max, with broadcasting, over float32, float64 and integers.
struct BinaryArithmetic: OperatorKernel {
  static let widensHalves = true
  private let function: FloatBinary
  private let name: String

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    name = node.operatorName.name
    function =
      switch name {
      case "Add", "Sum": .add
      case "Sub": .subtract
      case "Mul": .multiply
      case "Div": .divide
      case "Pow": .power
      case "Min": .minimum
      default: .maximum
      }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    var left = try site.input(0)
    guard site.inputCount > 1 else {
      return site.emitAlias(of: left, shape: left.shape)
    }
    for index in 1..<site.inputCount {
      let right = try site.input(index)
      let isLast = index == site.inputCount - 1
      guard left.elementType == right.elementType || function == .power else {
        throw site.mismatch("\(left.elementType) with \(right.elementType)")
      }
      left =
        left.elementType == .float32 && right.elementType == .float32
        ? try compileFloat(left, right, isLast: isLast, site)
        : try compileTyped(left, right, isLast: isLast, site)
    }
  }

  private func compileFloat(
    _ left: Value, _ right: Value, isLast: Bool, _ site: OperatorSite
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
    let function = self.function
    let shares = [0, 1].filter { shapes[$0] == full || pattern == .same(count: full.elementCount) }
    let kernel = "\(name.lowercased())-f32-\(isa.rawValue)"
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
    let result = try site.output(0, left.elementType, shape)
    let loop = BroadcastLoop(left.shape, right.shape, to: shape)
    let operands = [site.read(left), site.read(right)]
    let target = site.write(result)
    let function = self.function
    let node = site.nodeName
    func body<Element: ArithmeticElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let a = run.elements(operands[0], of: type)
        let b = run.elements(operands[1], of: type)
        let to = run.elements(target, of: type)
        if function == .divide, Element.trapsOnZero,
          (0..<right.shape.elementCount).contains(where: { b[$0] == 0 })
        {
          throw .divisionByZero(node: node)
        }
        loop.run { index, i, j in to[index] = Element.apply(function, a[i], b[j]) }
      }
    }
    let step: Step.Body
    switch (left.elementType, right.elementType) {
    case (.int64, .int64): step = body(Int64.self)
    case (.int32, .int32): step = body(Int32.self)
    case (.uint8, .uint8): step = body(UInt8.self)
    case (.int8, .int8): step = body(Int8.self)
    case (.float64, .float64): step = body(Double.self)
    default:
      throw .wrongElementType(
        operatorName: site.operatorName, node: site.nodeName, found: right.elementType)
    }
    try site.emitPart(
      result, isLast: isLast, kernel: "\(name.lowercased())-\(left.elementType)", reads: operands,
      sharesInputs: [], body: step)
    return result
  }
}

/// Numbers that the slow path can calculate with.
protocol ArithmeticElement: TensorElement, Comparable, ExpressibleByIntegerLiteral {
  static var trapsOnZero: Bool { get }
  static func apply(_ function: FloatBinary, _ left: Self, _ right: Self) -> Self
}

extension ArithmeticElement where Self: FixedWidthInteger {
  static var trapsOnZero: Bool { true }

  /// Wraps on overflow and divides towards zero, as C does.
  static func apply(_ function: FloatBinary, _ left: Self, _ right: Self) -> Self {
    switch function {
    case .add: left &+ right
    case .subtract: left &- right
    case .multiply: left &* right
    case .divide: left.dividedReportingOverflow(by: right).partialValue
    case .minimum: Swift.min(left, right)
    case .maximum: Swift.max(left, right)
    case .power: power(left, right)
    }
  }

  private static func power(_ base: Self, _ exponent: Self) -> Self {
    guard exponent >= 0 else { return base == 1 ? 1 : 0 }
    var (result, factor, rest): (Self, Self, Self) = (1, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* factor }
      factor = factor &* factor
      rest >>= 1
    }
    return result
  }
}

extension Int64: ArithmeticElement {}
extension Int32: ArithmeticElement {}
extension Int8: ArithmeticElement {}
extension UInt8: ArithmeticElement {}

extension Double: ArithmeticElement {
  static var trapsOnZero: Bool { false }

  static func apply(_ function: FloatBinary, _ left: Double, _ right: Double) -> Double {
    switch function {
    case .add: left + right
    case .subtract: left - right
    case .multiply: left * right
    case .divide: left / right
    case .minimum: Swift.min(left, right)
    case .maximum: Swift.max(left, right)
    case .power: pow(left, right)
    }
  }
}
