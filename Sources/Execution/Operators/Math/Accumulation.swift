internal import Graphs
internal import Tensors

/// CumSum and CumProd along an axis.
struct Accumulation: OperatorKernel {
  static let widensHalves = true

  private let function: BinaryFunction
  private let isExclusive: Bool
  private let isReversed: Bool

  init(_ node: Node, opset: Int64) {
    function = node.is("CumProd") ? .multiply : .add
    isExclusive = node.int("exclusive") ?? 0 != 0
    isReversed = node.int("reverse") ?? 0 != 0
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    guard let given = try site.integers(1).first else { throw site.mismatch("no axis") }
    let axis = try site.axis(given, of: input.shape)
    let source = site.read(input)
    let result = try site.output(0, input.elementType, input.shape)
    let work = Work(
      function: function, isExclusive: isExclusive, isReversed: isReversed,
      lines: AxisRuns(input.shape, axis), source: source, target: site.write(result))
    guard let body = input.elementType.perform(work) else {
      throw site.wrongType(input.elementType)
    }
    try site.emit(
      [result], kernel: "\(site.operatorName.lowercased())-\(input.elementType)", reads: [source],
      body: body)
  }

  private struct Work: NumericWork {
    let function: BinaryFunction
    let isExclusive: Bool
    let isReversed: Bool
    let lines: AxisRuns
    let source: Buffer.ID
    let target: Buffer.ID

    func of<Element: NumericElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        for line in 0..<lines.count {
          let start = lines.start(of: line)
          var result: Element = function == .multiply ? 1 : 0
          for index in 0..<lines.length {
            let place = start + (isReversed ? lines.length - 1 - index : index) * lines.step
            let next = Element.apply(function, result, from[place])
            to[place] = isExclusive ? result : next
            result = next
          }
        }
      }
    }
  }
}
