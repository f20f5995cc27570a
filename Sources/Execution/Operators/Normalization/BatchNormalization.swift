internal import Graphs
internal import Kernels
internal import Tensors

/// BatchNormalization that no convolution took in: one scale and one offset per channel.
struct BatchNormalization: OperatorKernel {
  private let epsilon: Float

  static let widensHalves = true

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    epsilon = node.float("epsilon") ?? 1e-5
    guard node.int("training_mode") ?? 0 == 0, node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw .unsupportedVariant(
        operatorName: "BatchNormalization", node: node.name, detail: "it is in training mode")
    }
    guard node.int("spatial") ?? 1 != 0 else {
      throw .unsupportedVariant(
        operatorName: "BatchNormalization", node: node.name,
        detail: "it has statistics for every pixel (spatial=0)")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let shape = input.shape
    let parameters = [
      try site.input(1), try site.input(2), try site.input(3), try site.input(4),
    ]
    // A value without a second axis has one channel.
    let channels = shape.rank > 1 ? shape[1] : 1
    guard shape.rank >= 1, parameters.allSatisfy({ $0.shape == [channels] }) else {
      throw site.mismatch("\(parameters.map(\.shape)) parameters for an input \(shape)")
    }
    guard input.elementType == .float32, shape.rank > 1, try site.areKnown(1...4) else {
      return try compilePlainly(input, parameters, channels: channels, site)
    }
    let values = try [site.floats(1), site.floats(2), site.floats(3), site.floats(4)]
    let scales = (0..<channels).map { values[0][$0] / (values[3][$0] + epsilon).squareRoot() }
    let offsets = (0..<channels).map { values[1][$0] - values[2][$0] * scales[$0] }
    let activation = try site.absorbActivation(rank: shape.rank)
    let layout = input.preferredLayout
    let inner = layout == .rowMajor ? shape.dimensions[2...].reduce(1, *) : 1
    let scale = site.read(site.compiler.addConstant(Tensor(scales)))
    let offset = site.read(site.compiler.addConstant(Tensor(offsets)))
    let source = site.read(input, layout)
    let result = try site.output(0, .float32, shape, layout)
    let target = site.write(result)
    let count = shape.elementCount
    let isa = site.isa
    try site.emit(
      [result], kernel: "batchnorm-f32-\(isa.forFloats.rawValue)", reads: [source, scale, offset],
      sharesInputs: [0]
    ) { (run: RunContext) throws(ExecutionError) in
      guard count > 0 else { return }
      let (from, to) = (run.floats(source), run.floats(target))
      // Per image and plane in row-major order, all pixels at once otherwise.
      let images = inner == 1 ? 1 : count / (channels * inner)
      let pattern: BroadcastPattern =
        inner == 1
        ? .right(outer: 1, middle: count / channels, inner: channels)
        : .right(outer: channels, middle: inner, inner: 1)
      for image in 0..<images {
        let start = image * channels * inner
        FloatBinary.multiply.apply(
          from + start, run.floats(scale), into: to + start, pattern: pattern, activation: .none,
          isa: isa, pool: run.pool)
        FloatBinary.add.apply(
          to + start, run.floats(offset), into: to + start, pattern: pattern,
          activation: activation, isa: isa, pool: run.pool)
      }
    }
  }

  /// With parameters that are computed, or in float64.
  private func compilePlainly(
    _ input: Value, _ parameters: [Value], channels: Int, _ site: OperatorSite
  ) throws(ExecutionError) {
    let shape = input.shape
    let pixels = shape.dimensions.dropFirst(2).reduce(1, *)
    let planes = shape[0] * channels
    for value in parameters { try site.require(value, input.elementType) }
    let operands = parameters.map { site.read($0) }
    let source = site.read(input)
    let result = try site.output(0, input.elementType, shape)
    let target = site.write(result)
    let epsilon = self.epsilon
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        let values = operands.map { run.elements($0, of: type) }
        let (from, to) = (run.elements(source, of: type), run.elements(target, of: type))
        run.pool.parallel(planes, grain: max(1, 16_384 / max(pixels, 1))) { range in
          for plane in range {
            let channel = plane % channels
            let slope = values[0][channel] / (values[3][channel] + Real(epsilon)).squareRoot()
            let (mean, offset) = (values[2][channel], values[1][channel])
            for index in plane * pixels..<(plane + 1) * pixels {
              to[index] = (from[index] - mean) * slope + offset
            }
          }
        }
      }
    }
    try site.emitReal(
      [result], input.elementType, kernel: "batchnorm", reads: [source] + operands,
      single: body(Float.self), double: body(Double.self))
  }
}
