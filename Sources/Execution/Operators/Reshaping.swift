internal import Graphs
internal import Tensors

/// Reshape, Flatten, Squeeze, Unsqueeze and operators that change nothing: the elements stay where
/// they are.
struct Reshaping: OperatorKernel {
  private let name: String
  private let axis: Int
  private let allowsZero: Bool
  private let axes: [Int]?

  init(_ node: Node, opset: Int64) {
    name = node.operatorName.name
    axis = Int(clamping: node.int("axis") ?? 1)
    allowsZero = node.int("allowzero") ?? 0 != 0
    axes = node.ints("axes").map { $0.map { Int(clamping: $0) } }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    site.emitAlias(of: input, shape: try shape(of: input.shape, site))
    if name == "Dropout", site.outputCount > 1 {
      // Nothing is dropped outside of training.
      site.emitConstant(Tensor.scalar(true).repeated(to: input.shape), 1)
    }
  }

  func shape(of input: Shape, _ site: OperatorSite) throws(ExecutionError) -> Shape {
    switch name {
    case "Reshape": try reshaped(input, site)
    case "Flatten": try flattened(input, site)
    case "Squeeze": try squeezed(input, site)
    case "Unsqueeze": try unsqueezed(input, site)
    default: input
    }
  }

  private func reshaped(_ input: Shape, _ site: OperatorSite) throws(ExecutionError) -> Shape {
    let wanted = try site.integers(1)
    var dimensions = wanted
    for axis in wanted.indices where wanted[axis] == 0 && !allowsZero {
      guard axis < input.rank else { throw site.mismatch("\(input) to \(wanted)") }
      dimensions[axis] = input[axis]
    }
    let unknown = dimensions.indices.filter { dimensions[$0] == -1 }
    guard unknown.count <= 1 else { throw site.mismatch("\(wanted) leaves two extents open") }
    if let open = unknown.first {
      dimensions[open] = 1
      guard let known = Shape(dimensions).checkedElementCount, known > 0,
        input.elementCount % known == 0
      else { throw site.mismatch("\(input) to \(wanted)") }
      dimensions[open] = input.elementCount / known
    }
    guard Shape(dimensions).checkedElementCount == input.elementCount else {
      throw site.mismatch("\(input) to \(wanted)")
    }
    return Shape(dimensions)
  }

  private func flattened(_ input: Shape, _ site: OperatorSite) throws(ExecutionError) -> Shape {
    let split = axis < 0 ? axis + input.rank : axis
    guard split >= 0, split <= input.rank else { throw site.mismatch("axis \(axis) of \(input)") }
    return [input.dimensions[..<split].reduce(1, *), input.dimensions[split...].reduce(1, *)]
  }

  private func givenAxes(_ site: OperatorSite) throws(ExecutionError) -> [Int]? {
    if let axes { return axes }
    return site.hasInput(1) ? try site.integers(1) : nil
  }

  private func squeezed(_ input: Shape, _ site: OperatorSite) throws(ExecutionError) -> Shape {
    guard let given = try givenAxes(site) else {
      return Shape(input.dimensions.filter { $0 != 1 })
    }
    var removed = Set<Int>()
    for axis in given { removed.insert(try site.axis(axis, of: input)) }
    guard removed.allSatisfy({ input[$0] == 1 }) else {
      throw site.mismatch("axes \(given) of \(input) are not all 1")
    }
    return Shape(input.dimensions.indices.filter { !removed.contains($0) }.map { input[$0] })
  }

  private func unsqueezed(_ input: Shape, _ site: OperatorSite) throws(ExecutionError) -> Shape {
    let given = try givenAxes(site) ?? []
    let rank = input.rank + given.count
    let added = Set(given.map { $0 < 0 ? $0 + rank : $0 })
    guard added.count == given.count, added.allSatisfy({ $0 >= 0 && $0 < rank }) else {
      throw site.mismatch("axes \(given) added to \(input)")
    }
    var rest = input.dimensions[...]
    return Shape((0..<rank).map { added.contains($0) ? 1 : rest.removeFirst() })
  }
}
