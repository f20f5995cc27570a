internal import Graphs
internal import Tensors

/// ArgMax and ArgMin: where along an axis the largest or smallest number is; NaN counts as both.
struct ArgumentReduction: OperatorKernel {
  static let widensHalves = true

  private let axis: Int
  private let keepsDimension: Bool
  private let takesLast: Bool
  private let wantsSmallest: Bool

  init(_ node: Node, opset: Int64) {
    axis = Int(clamping: node.int("axis") ?? 0)
    keepsDimension = node.int("keepdims") ?? 1 != 0
    takesLast = node.int("select_last_index") ?? 0 != 0
    wantsSmallest = node.is("ArgMin")
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let axis = try site.axis(self.axis, of: input.shape)
    guard input.shape[axis] > 0 else {
      throw site.mismatch("axis \(axis) of \(input.shape) has no elements to choose from")
    }
    var dimensions = input.shape.dimensions
    if keepsDimension { dimensions[axis] = 1 } else { dimensions.remove(at: axis) }
    let source = site.read(input)
    let result = try site.output(0, .int64, Shape(dimensions))
    let work = Work(
      takesLast: takesLast, wantsSmallest: wantsSmallest, lines: AxisRuns(input.shape, axis),
      source: source, target: site.write(result))
    guard let body = input.elementType.perform(work) else {
      throw site.wrongType(input.elementType)
    }
    try site.emit(
      [result], kernel: "\(site.operatorName.lowercased())-\(input.elementType)", reads: [source],
      body: body)
  }

  private struct Work: NumericWork {
    let takesLast: Bool
    let wantsSmallest: Bool
    let lines: AxisRuns
    let source: Buffer.ID
    let target: Buffer.ID

    func of<Element: NumericElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let from = run.elements(source, of: type)
        let to = run.elements(target, of: Int64.self)
        for line in 0..<lines.count {
          let start = lines.start(of: line)
          var best = from[start]
          var place = 0
          for index in 1..<lines.length {
            let value = from[start + index * lines.step]
            let isBetter = wantsSmallest ? value < best : value > best
            let isEqual = value == best || value.isNaN && best.isNaN
            if isBetter && !best.isNaN || value.isNaN && !best.isNaN || takesLast && isEqual {
              best = value
              place = index
            }
          }
          to[line] = Int64(place)
        }
      }
    }
  }
}

/// The lines of a row-major array that run along one axis, in the order of what remains without it.
struct AxisRuns {
  let length: Int
  /// Elements between neighbours of a line.
  let step: Int
  let count: Int

  init(_ shape: Shape, _ axis: Int) {
    length = shape[axis]
    step = shape.dimensions[(axis + 1)...].reduce(1, *)
    count = shape.dimensions[..<axis].reduce(1, *) * step
  }

  func start(of line: Int) -> Int { line / step * length * step + line % step }
}
