internal import Graphs
internal import Kernels
internal import Tensors

/// Functions of one number where no float kernel applies: other types, rarer functions.
struct Elementwise: OperatorKernel {
  static let widensHalves = true

  private let function: UnaryFunction

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    guard let function = UnaryFunction(node) else {
      throw .unsupportedOperator(
        name: node.operatorName.name, node: node.name, opset: opset)
    }
    self.function = function
  }

  /// The function that a spelled-out pattern computes; `nil` for those that are of float32 only.
  init?(_ pattern: PatternMatch.Kind) {
    switch pattern {
    case .hardSwish: function = .hardSwish
    case .hardSigmoid(let alpha, let beta):
      function = .hardSigmoid(alpha: Double(alpha), beta: Double(beta))
    case .silu: function = .swish(alpha: 1)
    case .gelu(let tanhApproximation): function = .gelu(approximately: tanhApproximation)
    case .affine, .layerNormalization: return nil
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    try site.emitElementwise(input, makes: input.elementType) { source, target, count in
      guard function.takes(input.elementType) else { return nil }
      return input.elementType.perform(
        Work(function: function, source: source, target: target, count: count))
    }
  }

  private struct Work: NumericWork {
    let function: UnaryFunction
    let source: Buffer.ID
    let target: Buffer.ID
    let count: Int

    func of<Element: NumericElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        run.pool.parallel(count, grain: 2_048) { range in
          for index in range { to[index] = Element.apply(function, from[index]) }
        }
      }
    }
  }
}

/// Clip with limits that are computed, or of numbers that no float kernel knows.
struct Clamping: OperatorKernel {
  static let widensHalves = true

  init(_ node: Node, opset: Int64) {}

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    var limits: [Buffer.ID?] = [nil, nil]
    for index in 0..<2 {
      guard let limit = try site.optionalInput(index + 1) else { continue }
      guard limit.elementType == input.elementType, limit.shape.elementCount == 1 else {
        throw site.mismatch("limits of \(limit.elementType) \(limit.shape)")
      }
      limits[index] = site.read(limit)
    }
    try site.emitElementwise(
      input, makes: input.elementType, reading: limits.compactMap { $0 }
    ) { source, target, count in
      input.elementType.perform(
        Work(limits: limits, source: source, target: target, count: count))
    }
  }

  private struct Work: NumericWork {
    let limits: [Buffer.ID?]
    let source: Buffer.ID
    let target: Buffer.ID
    let count: Int

    func of<Element: NumericElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        let low = limits[0].map { run.elements($0, of: type)[0] }
        let high = limits[1].map { run.elements($0, of: type)[0] }
        for index in 0..<count {
          let value = from[index]
          // Comparisons with NaN are false, so NaN stays.
          let raised = low.map { value < $0 ? $0 : value } ?? value
          to[index] = high.map { raised > $0 ? $0 : raised } ?? raised
        }
      }
    }
  }
}

/// IsNaN, IsInf and Not: one truth for each element.
struct Test: OperatorKernel {
  static let widensHalves = true

  private let name: String
  private let detectsPositive: Bool
  private let detectsNegative: Bool

  init(_ node: Node, opset: Int64) {
    name = node.operatorName.name
    detectsPositive = node.int("detect_positive") ?? 1 != 0
    detectsNegative = node.int("detect_negative") ?? 1 != 0
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    try site.emitElementwise(input, makes: .bool) { source, target, count in
      switch (name, input.elementType) {
      case ("Not", .bool):
        return { (run: RunContext) throws(ExecutionError) in
          let (from, to) = (run.codes(source), run.codes(target))
          for index in 0..<count { to[index] = from[index] ^ 1 }
        }
      case ("IsNaN", .float32), ("IsInf", .float32):
        return body(Float.self, source, target, count)
      case ("IsNaN", .float64), ("IsInf", .float64):
        return body(Double.self, source, target, count)
      default:
        return nil
      }
    }
  }

  private func body<Element: BinaryFloatingPoint>(
    _ type: Element.Type, _ source: Buffer.ID, _ target: Buffer.ID, _ count: Int
  ) -> Step.Body {
    let asksForNaN = name == "IsNaN"
    return { (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.elements(source, of: type), run.elements(target, of: Bool.self))
      for index in 0..<count {
        let value = from[index]
        to[index] =
          asksForNaN
          ? value.isNaN
          : value.isInfinite && (value > 0 ? detectsPositive : detectsNegative)
      }
    }
  }
}

extension OperatorSite {
  /// Emits a step that makes one element out of each of `input`, in the layout that it has.
  /// - Parameter body: what does it, from the first buffer into the second; `nil` for a type that
  ///   the operator does not take.
  func emitElementwise(
    _ input: Value, makes type: ElementType, reading others: [Buffer.ID] = [],
    _ body: (Buffer.ID, Buffer.ID, Int) -> Step.Body?
  ) throws(ExecutionError) {
    let layout = input.preferredLayout
    let source = read(input, layout)
    let result = try output(0, type, input.shape, layout)
    guard let step = body(source, write(result), input.shape.elementCount) else {
      throw wrongType(input.elementType)
    }
    try emit(
      [result], kernel: "\(operatorName.lowercased())-\(input.elementType)",
      reads: [source] + others, body: step)
  }
}
