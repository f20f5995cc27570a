internal import Graphs
internal import Kernels
internal import Tensors

/// LayerNormalization over the last axes, as an operator or as a spelled-out chain.
struct LayerNormalization: OperatorKernel {
  static let widensHalves = true
  private let firstAxis: Int
  private let axes: [Int64]?
  private let epsilon: Float

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    firstAxis = Int(clamping: node.int("axis") ?? -1)
    axes = nil
    epsilon = node.float("epsilon") ?? 1e-5
    guard node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw .unsupportedVariant(
        operatorName: "LayerNormalization", node: node.name,
        detail: "it also gives mean or deviation")
    }
  }

  init(axes: [Int64], epsilon: Float) {
    firstAxis = -1
    self.axes = axes
    self.epsilon = epsilon
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    try site.requireFloat(input)
    let shape = input.shape
    var first = try site.axis(firstAxis, of: shape)
    if let axes {
      var resolved: [Int] = []
      for axis in axes { resolved.append(try site.axis(Int(clamping: axis), of: shape)) }
      first = resolved.min() ?? first
      guard resolved.sorted() == Array(first..<shape.rank) else {
        throw site.unsupported("axes \(axes) of \(shape) are not the last ones")
      }
    }
    let columns = shape.dimensions[first...].reduce(1, *)
    let rows = shape.dimensions[..<first].reduce(1, *)
    var operands: [Buffer.ID?] = []
    for index in 1...2 {
      guard let operand = try site.optionalInput(index) else {
        operands.append(nil)
        continue
      }
      try site.requireFloat(operand)
      guard operand.shape.elementCount == columns else {
        throw site.mismatch("\(operand.shape) for \(columns) normalised elements")
      }
      operands.append(site.read(operand))
    }
    let source = site.read(input)
    let result = try site.output(0, .float32, shape)
    let target = site.write(result)
    let epsilon = self.epsilon
    let parameters = operands
    try site.emit(
      [result], kernel: "layernorm-f32", reads: [source] + operands.compactMap { $0 },
      sharesInputs: [0]
    ) { (run: RunContext) throws(ExecutionError) in
      let (from, to) = (run.floats(source), run.floats(target))
      let scale = parameters[0].map { run.floats($0) }
      let bias = parameters[1].map { run.floats($0) }
      run.pool.parallel(rows, grain: max(1, 16_384 / max(columns, 1))) { range in
        for row in range {
          Self.normalize(
            from + row * columns, into: to + row * columns, count: columns, epsilon: epsilon,
            scale: scale, bias: bias)
        }
      }
    }
  }

  /// `(x - mean) / sqrt(variance + epsilon) * scale + bias`, sums in double.
  private static func normalize(
    _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, count: Int,
    epsilon: Float, scale: UnsafePointer<Float>?, bias: UnsafePointer<Float>?
  ) {
    var sum = 0.0
    for index in 0..<count { sum += Double(input[index]) }
    let mean = sum / Double(count)
    var squares = 0.0
    for index in 0..<count {
      let difference = Double(input[index]) - mean
      squares += difference * difference
    }
    let factor = Float(1 / (squares / Double(count) + Double(epsilon)).squareRoot())
    let center = Float(mean)
    for index in 0..<count {
      let value = (input[index] - center) * factor * (scale?[index] ?? 1)
      output[index] = value + (bias?[index] ?? 0)
    }
  }
}
