internal import Graphs
internal import Kernels
internal import Tensors

/// ReduceMean, ReduceSum, ReduceMax, ReduceMin and their relatives, and the global pools, which
/// reduce all spatial axes.
struct Reduction: OperatorKernel {
  static let widensHalves = true
  enum Function {
    case mean, sum, maximum, minimum, product, sumOfSquares, l1, l2, logSum, logSumExp

    /// Whether a single number comes out as it went in.
    var keepsSingles: Bool { [.mean, .sum, .maximum, .minimum, .product].contains(self) }
  }

  let function: Function
  private let isGlobalPool: Bool
  private let axes: [Int]?
  private let keepsDimensions: Bool
  private let isNoOpWithoutAxes: Bool

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    function =
      switch node.operatorName.name {
      case "ReduceMean", "GlobalAveragePool": .mean
      case "ReduceSum": .sum
      case "ReduceMax", "GlobalMaxPool": .maximum
      case "ReduceMin": .minimum
      case "ReduceProd": .product
      case "ReduceSumSquare": .sumOfSquares
      case "ReduceL1": .l1
      case "ReduceL2": .l2
      case "ReduceLogSum": .logSum
      default: .logSumExp
      }
    isGlobalPool = node.operatorName.name.hasPrefix("Global")
    axes = node.ints("axes").map { $0.map { Int(clamping: $0) } }
    keepsDimensions = node.int("keepdims") ?? 1 != 0
    isNoOpWithoutAxes = node.int("noop_with_empty_axes") ?? 0 != 0
  }

  /// The axes, resolved and sorted; empty when the operator does nothing.
  func resolvedAxes(_ input: Shape, _ site: OperatorSite) throws(ExecutionError) -> [Int] {
    if isGlobalPool { return Array(2..<max(input.rank, 2)) }
    var given = axes ?? []
    if axes == nil, site.hasInput(1) { given = try site.integers(1) }
    guard !given.isEmpty else { return isNoOpWithoutAxes ? [] : Array(0..<input.rank) }
    var resolved = Set<Int>()
    for axis in given { resolved.insert(try site.axis(axis, of: input)) }
    return resolved.sorted()
  }

  func outputShape(_ input: Shape, axes: [Int]) -> Shape {
    let keeps = keepsDimensions || isGlobalPool
    return Shape(
      input.dimensions.indices.compactMap { axis in
        axes.contains(axis) ? (keeps ? 1 : nil) : input[axis]
      })
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let axes = try resolvedAxes(input.shape, site)
    if axes.isEmpty, function.keepsSingles {
      return site.emitAlias(of: input, shape: input.shape)
    }
    let shape = outputShape(input.shape, axes: axes)
    let view = Extents(input, axes: axes, output: shape)
    let source =
      view.needsCopy
      ? try copy(input, axes: axes, site) : site.read(input, view.layout)
    let result = try site.output(0, input.elementType, shape, view.outputLayout)
    let target = site.write(result)
    let (outer, middle, inner) = (view.outer, view.middle, view.inner)
    let function = self.function
    let isa = site.isa
    let name = "reduce-\(function)"
    if input.elementType == .float32, [.mean, .sum, .maximum, .minimum].contains(function),
      middle > 0
    {
      return try site.emit([result], kernel: "\(name)-f32-\(isa.general.rawValue)", reads: [source])
      {
        (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.floats(source), run.floats(target))
        switch function {
        case .mean:
          ReductionFloat.mean(
            from, into: to, outer: outer, middle: middle, inner: inner, isa: isa, pool: run.pool)
        case .sum:
          ReductionFloat.sum(
            from, into: to, outer: outer, middle: middle, inner: inner, isa: isa, pool: run.pool)
        case .maximum:
          ReductionFloat.maximum(
            from, into: to, outer: outer, middle: middle, inner: inner, isa: isa, pool: run.pool)
        default:
          ReductionFloat.minimum(
            from, into: to, outer: outer, middle: middle, inner: inner, isa: isa, pool: run.pool)
        }
      }
    }
    let work = Work(function: function, view: view, source: source, target: target)
    let body: Step.Body?
    if input.elementType == .bool, function == .maximum || function == .minimum {
      // Truths are the numbers 0 and 1, and of none there is no 255.
      body = middle > 0 ? work.of(UInt8.self) : work.ofNoTruths(function == .minimum)
    } else {
      body = input.elementType.perform(work)
    }
    guard let body else {
      throw site.wrongType(input.elementType)
    }
    try site.emit(
      [result], kernel: "\(name)-\(input.elementType)", reads: [source], body: body)
  }

  private struct Work: NumericWork {
    let function: Function
    let view: Extents
    let source: Buffer.ID
    let target: Buffer.ID

    func of<Element: NumericElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        let (middle, inner) = (view.middle, view.inner)
        run.pool.parallel(view.outer, grain: max(1, 8_192 / max(1, middle * inner))) { range in
          for o in range {
            for i in 0..<inner {
              to[o * inner + i] = Element.reduce(
                from + (o * middle * inner + i), count: middle, stride: inner, function)
            }
          }
        }
      }
    }

    func ofNoTruths(_ truth: Bool) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        run.elements(target, of: Bool.self).update(repeating: truth, count: view.outer * view.inner)
      }
    }
  }

  /// How the axes lie in memory: `[outer, middle, inner]`, of which the middle goes away.
  struct Extents {
    var layout: Layout
    var outputLayout: Layout
    var outer: Int
    var middle: Int
    var inner: Int
    /// Whether the axes are scattered, so that they must be brought to the end first.
    var needsCopy: Bool

    init(_ input: Value, axes: [Int], output: Shape) {
      layout = input.preferredLayout
      guard !axes.isEmpty else {
        (outer, middle, inner) = (input.shape.elementCount, 1, 1)
        outputLayout = layout
        needsCopy = false
        return
      }
      if let view = Self.split(input.shape, axes, layout),
        Self.keepsOrder(input.shape, axes, layout, output)
      {
        (outer, middle, inner) = view
        outputLayout = output.rank == input.shape.rank ? layout : .rowMajor
        needsCopy = false
      } else {
        layout = .rowMajor
        outputLayout = .rowMajor
        let middle = axes.reduce(1) { $0 * input.shape[$1] }
        self.middle = middle
        inner = 1
        outer = output.elementCount
        needsCopy = true
        if let view = Self.split(input.shape, axes, .rowMajor) {
          (outer, self.middle, inner) = view
          needsCopy = false
        }
      }
    }

    private static func split(
      _ shape: Shape, _ axes: [Int], _ layout: Layout
    ) -> (Int, Int, Int)? {
      let memory = layout.memoryShape(of: shape).dimensions
      let reduced = axes.map { layout.memoryAxis($0, rank: shape.rank) }.sorted()
      guard let first = reduced.first, let last = reduced.last, last - first == reduced.count - 1
      else { return nil }
      return (
        memory[..<first].reduce(1, *), memory[first...last].reduce(1, *),
        memory[(last + 1)...].reduce(1, *)
      )
    }

    /// Whether what remains is in the output's own order.
    private static func keepsOrder(
      _ shape: Shape, _ axes: [Int], _ layout: Layout, _ output: Shape
    ) -> Bool {
      guard layout == .channelsLast, output.rank < shape.rank else { return true }
      let remaining = layout.axes(rank: shape.rank).filter { !axes.contains($0) }
      return remaining == remaining.sorted()
    }
  }

  private func copy(
    _ input: Value, axes: [Int], _ site: OperatorSite
  ) throws(ExecutionError) -> Buffer.ID {
    let order = input.shape.dimensions.indices.filter { !axes.contains($0) } + axes
    return try site.permuted(input, order: order)
  }
}
