internal import Graphs
internal import Tensors

/// Functions of one number where the fast path does not apply: integers, booleans, and Clip with
/// limits that are computed.
struct SlowElementwise: OperatorKernel {
  static let widensHalves = true
  private let name: String

  init(_ node: Node, opset: Int64) { name = node.operatorName.name }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let layout = input.preferredLayout
    let source = site.read(input, layout)
    var limits: [Buffer.ID?] = [nil, nil]
    if name == "Clip" {
      for index in 0..<2 {
        guard let limit = try site.optionalInput(index + 1) else { continue }
        guard limit.elementType == input.elementType, limit.shape.elementCount == 1 else {
          throw site.mismatch("limits of \(limit.elementType) \(limit.shape)")
        }
        limits[index] = site.read(limit)
      }
    }
    let result = try site.output(0, input.elementType, input.shape, layout)
    let target = site.write(result)
    let count = input.shape.elementCount
    let name = self.name
    func body<Element: Comparable & SignedNumeric>(_ type: Element.Type) throws(ExecutionError)
      -> Step.Body
    {
      guard ["Clip", "Neg", "Abs", "Relu", "Sign"].contains(name) else {
        throw .wrongElementType(
          operatorName: name, node: site.nodeName, found: input.elementType)
      }
      return { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        let low = limits[0].map { run.elements($0, of: type)[0] }
        let high = limits[1].map { run.elements($0, of: type)[0] }
        for index in 0..<count {
          let value = from[index]
          switch name {
          case "Clip":
            let raised = low.map { max(value, $0) } ?? value
            to[index] = high.map { min(raised, $0) } ?? raised
          case "Relu": to[index] = max(value, 0)
          case "Sign": to[index] = value < 0 ? -1 : value > 0 ? 1 : 0
          case "Abs": to[index] = value < 0 ? 0 - value : value
          default: to[index] = 0 - value
          }
        }
      }
    }
    let step: Step.Body
    switch input.elementType {
    case .float32: step = try body(Float.self)
    case .float64: step = try body(Double.self)
    case .int64: step = try body(Int64.self)
    case .int32: step = try body(Int32.self)
    case .bool where name == "Not":
      step = { (run: RunContext) throws(ExecutionError) in
        let (from, to) = (run.codes(source), run.codes(target))
        for index in 0..<count { to[index] = from[index] ^ 1 }
      }
    case let other:
      throw .wrongElementType(operatorName: name, node: site.nodeName, found: other)
    }
    try site.emit(
      [result], kernel: "\(name.lowercased())-\(input.elementType)",
      reads: [source] + limits.compactMap { $0 }, body: step)
  }
}
