internal import Graphs
internal import Tensors

/// Where: elements of one operand or the other.
struct Selection: OperatorKernel {
  init(_ node: Node, opset: Int64) {}

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (condition, yes, no) = try (site.input(0), site.input(1), site.input(2))
    guard condition.elementType == .bool, yes.elementType == no.elementType,
      yes.elementType.bitWidth >= 8
    else {
      throw site.mismatch("\(condition.elementType), \(yes.elementType) and \(no.elementType)")
    }
    let shape = try site.broadcast(site.broadcast(yes.shape, no.shape), condition.shape)
    let width = yes.elementType.bitWidth / 8
    let loop = BroadcastLoop(yes.shape, no.shape, to: shape)
    let mask = try site.expand(site.read(condition), condition.shape, to: shape, width: 1)
    let reads = [mask, site.read(yes), site.read(no)]
    let result = try site.output(0, yes.elementType, shape)
    let target = site.write(result)
    try site.emit([result], kernel: "where", reads: reads) {
      (run: RunContext) throws(ExecutionError) in
      let choices = run.codes(reads[0])
      let (a, b, to) = (run.raw(reads[1]), run.raw(reads[2]), run.raw(target))
      loop.run { index, i, j in
        (to + index * width).copyMemory(
          from: choices[index] != 0 ? a + i * width : b + j * width, byteCount: width)
      }
    }
  }
}

/// Equal, Less, Greater and their relatives, And, Or, Xor: two operands, one truth.
struct Comparison: OperatorKernel {
  static let widensHalves = true
  private let name: String

  init(_ node: Node, opset: Int64) { name = node.operatorName.name }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let (left, right) = try (site.input(0), site.input(1))
    guard left.elementType == right.elementType else {
      throw site.mismatch("\(left.elementType) with \(right.elementType)")
    }
    let shape = try site.broadcast(left.shape, right.shape)
    let loop = BroadcastLoop(left.shape, right.shape, to: shape)
    let reads = [site.read(left), site.read(right)]
    let result = try site.output(0, .bool, shape)
    let target = site.write(result)
    let name = self.name
    func body<Element: Comparable>(_ type: Element.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let (a, b) = (run.elements(reads[0], of: type), run.elements(reads[1], of: type))
        let to = run.elements(target, of: Bool.self)
        loop.run { index, i, j in
          to[index] =
            switch name {
            case "Equal": a[i] == b[j]
            case "Less": a[i] < b[j]
            case "LessOrEqual": a[i] <= b[j]
            case "Greater": a[i] > b[j]
            default: a[i] >= b[j]
            }
        }
      }
    }
    let step: Step.Body
    switch left.elementType {
    case .float32: step = body(Float.self)
    case .float64: step = body(Double.self)
    case .int64: step = body(Int64.self)
    case .int32: step = body(Int32.self)
    case .uint8: step = body(UInt8.self)
    case .int8: step = body(Int8.self)
    case .bool:
      step = { (run: RunContext) throws(ExecutionError) in
        let (a, b) = (run.codes(reads[0]), run.codes(reads[1]))
        let to = run.codes(target)
        loop.run { index, i, j in
          to[index] =
            switch name {
            case "And": a[i] & b[j]
            case "Or": a[i] | b[j]
            case "Xor": a[i] ^ b[j]
            default: a[i] == b[j] ? 1 : 0
            }
        }
      }
    case let other:
      throw .wrongElementType(
        operatorName: site.operatorName, node: site.nodeName, found: other)
    }
    try site.emit([result], kernel: name.lowercased(), reads: reads, body: step)
  }
}
