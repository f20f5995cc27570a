internal import Graphs
internal import Kernels
internal import Tensors

/// ONNX Runtime's SkipLayerNormalization and SkipSimplifiedLayerNormalization: a residual addition,
/// with a bias, and the normalization of the last axis behind it.
struct SkipLayerNormalization: OperatorKernel {
  private let epsilon: Float
  private let centers: Bool

  static var widensHalves: Bool { true }

  func narrows(_ index: Int) -> Bool { index == 0 || index == 3 }

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    epsilon = node.float("epsilon") ?? 1e-5
    centers = node.operatorName.name == "SkipLayerNormalization"
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let shape = input.shape
    let skip = try site.input(1)
    let beta = centers ? try site.optionalInput(3) : nil
    let bias = try site.optionalInput(centers ? 4 : 3)
    guard shape.rank >= 2, skip.shape.broadcast(with: shape) == shape else {
      throw site.mismatch("\(skip.shape) on \(shape)")
    }
    for value in [skip, bias].compactMap({ $0 }) { try site.require(value, input.elementType) }
    guard bias.map({ $0.shape == [shape[shape.rank - 1]] }) ?? true else {
      throw site.mismatch("a bias of shape \(bias?.shape ?? .scalar) for \(shape)")
    }
    let isNamed = site.outputCount > 3 && !site.unit.outputs[3].isEmpty
    let sum = try site.output(isNamed ? 3 : 4, input.elementType, shape)
    try add(input, skip, bias, into: sum, isNamed: isNamed, site)

    let statistics = Shape(Array(shape.dimensions.dropLast()) + [1])
    var values: [Value?] = [nil, nil]
    for index in 1...2 where index < site.outputCount && !site.unit.outputs[index].isEmpty {
      values[index - 1] = try site.output(index, .float32, statistics)
    }
    try site.normalizeRows(
      sum, scale: try site.input(2), bias: beta, from: shape.rank - 1, epsilon: epsilon,
      centers: centers, into: try site.output(0, input.elementType, shape), means: values[0],
      inverses: values[1])
  }

  private func add(
    _ input: Value, _ skip: Value, _ bias: Value?, into sum: Value, isNamed: Bool,
    _ site: OperatorSite
  ) throws(ExecutionError) {
    let columns = input.shape[input.shape.rank - 1]
    let loop = BroadcastLoop(input.shape, skip.shape, to: input.shape)
    let reads = [site.read(input), site.read(skip)] + (bias.map { [site.read($0)] } ?? [])
    let target = site.write(sum)
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let operands = reads.map { run.elements($0, of: type) }
        let to = run.elements(target, of: type)
        loop.run { index, left, right in to[index] = operands[0][left] + operands[1][right] }
        guard operands.count > 2, columns > 0 else { return }
        for row in 0..<input.shape.elementCount / columns {
          for column in 0..<columns { to[row * columns + column] += operands[2][column] }
        }
      }
    }
    let type = input.elementType
    guard type == .float32 || type == .float64 else { throw site.wrongType(type) }
    let step = type == .float32 ? body(Float.self) : body(Double.self)
    guard !isNamed else {
      return try site.emit([sum], kernel: "add-plain", reads: reads, body: step)
    }
    try site.compiler.emit(
      Step(
        name: site.nodeName, operatorName: "Add", nodes: [], output: "", outputShape: sum.shape,
        kernel: "add-plain", reads: reads, writes: [target], body: step))
  }
}
