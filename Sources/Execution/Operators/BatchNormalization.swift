internal import Graphs
internal import Kernels
internal import Tensors

/// BatchNormalization that no convolution took in: one scale and one offset per channel.
struct BatchNormalization: OperatorKernel {
  static let widensHalves = true
  private let epsilon: Float

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    epsilon = node.float("epsilon") ?? 1e-5
    guard node.int("training_mode") ?? 0 == 0, node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
      throw .unsupportedVariant(
        operatorName: "BatchNormalization", node: node.name, detail: "it is in training mode")
    }
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    try site.requireFloat(input)
    let shape = input.shape
    let parameters = try [site.floats(1), site.floats(2), site.floats(3), site.floats(4)]
    guard shape.rank >= 2, parameters.allSatisfy({ $0.count == shape[1] }) else {
      throw site.mismatch("\(parameters.map(\.count)) parameters for an input \(shape)")
    }
    let channels = shape[1]
    let scales = (0..<channels).map {
      parameters[0][$0] / (parameters[3][$0] + epsilon).squareRoot()
    }
    let offsets = (0..<channels).map { parameters[1][$0] - parameters[2][$0] * scales[$0] }
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
      [result], kernel: "batchnorm-f32-\(isa.rawValue)", reads: [source, scale, offset],
      sharesInputs: [0]
    ) { (run: RunContext) throws(ExecutionError) in
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
}
