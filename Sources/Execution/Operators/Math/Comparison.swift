internal import Graphs
internal import Tensors

/// Equal, Less, Greater and their relatives, And, Or, Xor: two operands, one truth.
struct Comparison: OperatorKernel {
  static let widensHalves = true

  private enum Relation { case equal, less, lessOrEqual, greater, greaterOrEqual, and, or, xor }

  private let relation: Relation

  init(_ node: Node, opset: Int64) {
    relation =
      switch node.operatorName.name {
      case "Equal": .equal
      case "Less": .less
      case "LessOrEqual": .lessOrEqual
      case "Greater": .greater
      case "GreaterOrEqual": .greaterOrEqual
      case "And": .and
      case "Or": .or
      default: .xor
      }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (left, right) = try (site.input(0), site.input(1))
    guard left.elementType == right.elementType else {
      throw site.mismatch("\(left.elementType) with \(right.elementType)")
    }
    let shape = try site.broadcast(left.shape, right.shape)
    let reads = [site.read(left), site.read(right)]
    let result = try site.output(0, .bool, shape)
    let work = Work(
      relation: relation, loop: BroadcastLoop(left.shape, right.shape, to: shape), reads: reads,
      target: site.write(result))
    let isLogical = [.and, .or, .xor].contains(relation)
    let body: Step.Body?
    if left.elementType == .bool {
      body = isLogical || relation == .equal ? work.ofTruths() : nil
    } else {
      body = isLogical ? nil : left.elementType.perform(work)
    }
    guard let body else {
      throw site.wrongType(left.elementType)
    }
    try site.emit([result], kernel: site.operatorName.lowercased(), reads: reads, body: body)
  }

  private struct Work: NumericWork {
    let relation: Relation
    let loop: BroadcastLoop
    let reads: [Buffer.ID]
    let target: Buffer.ID

    func of<Element: NumericElement>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (a, b) = (run.elements(reads[0], of: type), run.elements(reads[1], of: type))
        let to = run.elements(target, of: Bool.self)
        switch relation {
        case .less: loop.run { index, i, j in to[index] = a[i] < b[j] }
        case .lessOrEqual: loop.run { index, i, j in to[index] = a[i] <= b[j] }
        case .greater: loop.run { index, i, j in to[index] = a[i] > b[j] }
        case .greaterOrEqual: loop.run { index, i, j in to[index] = a[i] >= b[j] }
        default: loop.run { index, i, j in to[index] = a[i] == b[j] }
        }
      }
    }

    func ofTruths() -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (a, b) = (run.codes(reads[0]), run.codes(reads[1]))
        let to = run.codes(target)
        loop.run { index, i, j in
          to[index] =
            switch relation {
            case .and: a[i] & b[j]
            case .or: a[i] | b[j]
            case .xor: a[i] ^ b[j]
            default: a[i] == b[j] ? 1 : 0
            }
        }
      }
    }
  }
}
