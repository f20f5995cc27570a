internal import Graphs
internal import Kernels
internal import Tensors

/// Einsum: operands are contracted two at a time, each pair as a batch of matrix products.
///
/// Narrow floats are computed in float32 and rounded once, integers wrap.
struct Einsum: OperatorKernel {
  private let equation: String

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    guard let equation = node.string("equation") else {
      throw .invalidAttribute(
        operatorName: "Einsum", node: node.name, attribute: "equation", detail: "is missing")
    }
    self.equation = equation
  }

  /// A value whose axes have indices.
  struct Operand {
    var buffer: Buffer.ID
    var indices: [Int]
    var shape: Shape
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let type = try site.input(0).elementType
    let arithmetic = [.float16, .bfloat16].contains(type) ? ElementType.float32 : type
    var values: [Value] = []
    for index in 0..<site.inputCount {
      let value = try site.input(index)
      guard value.elementType == type else {
        throw site.mismatch("\(type) with \(value.elementType)")
      }
      values.append(try site.operand(value, as: arithmetic))
    }
    let resolved: EinsumEquation
    do {
      resolved = try EinsumEquation(equation, shapes: values.map(\.shape))
    } catch {
      throw .invalidAttribute(
        operatorName: "Einsum", node: site.nodeName, attribute: "equation",
        detail: "'\(equation)' \(error.detail)")
    }
    guard let contraction = Contraction(site: site, type: arithmetic, extents: resolved.extents)
    else {
      throw .wrongElementType(operatorName: "Einsum", node: site.nodeName, found: type)
    }
    var rest = zip(values, resolved.operands).map { value, indices in
      Operand(buffer: site.read(value), indices: indices, shape: value.shape)
    }[...]
    var product = rest.removeFirst()
    func needed() -> Set<Int> { Set(resolved.result + rest.flatMap(\.indices)) }
    product = try contraction.reduced(product, keeping: needed())
    while !rest.isEmpty {
      var next = rest.removeFirst()
      next = try contraction.reduced(next, keeping: needed().union(product.indices))
      product = try contraction.product(product, next, keeping: needed())
    }
    // An index whose axes are all 1 may be missing; the shape has it again.
    let result = try contraction.arranged(
      product, resolved.result.filter(product.indices.contains))
    try site.emitConverted(
      result.buffer, arithmetic, to: type,
      shape: Shape(resolved.result.map { resolved.extents[$0] ?? 1 }))
  }
}
