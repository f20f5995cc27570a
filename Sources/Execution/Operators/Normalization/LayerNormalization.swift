internal import Graphs
internal import Kernels
internal import Tensors

/// LayerNormalization over the last axes, as an operator or as a spelled-out chain; also
/// RMSNormalization and ONNX Runtime's SimplifiedLayerNormalization, which leave the mean in.
struct LayerNormalization: OperatorKernel {
  private let firstAxis: Int
  private let axes: [Int64]?
  private let epsilon: Float
  private let centers: Bool
  /// The precision of the first stage, which is float32 here or better.
  private let stashType: Int64
  /// Where the operator gives means and inverse deviations.
  private let meanOutput: Int?
  private let inverseOutput: Int?

  static let widensHalves = true

  /// Means and deviations stay in float32.
  func narrows(_ index: Int) -> Bool { index == 0 }

  init(_ node: Node, opset: Int64) throws(ExecutionError) {
    let name = node.operatorName.name
    stashType = node.int("stash_type") ?? 1
    firstAxis = Int(clamping: node.int("axis") ?? -1)
    axes = nil
    epsilon = node.float("epsilon") ?? 1e-5
    centers = name == "LayerNormalization"
    meanOutput = centers ? 1 : nil
    inverseOutput = centers ? 2 : name == "SimplifiedLayerNormalization" ? 1 : nil
  }

  init(axes: [Int64], epsilon: Float) {
    firstAxis = -1
    self.axes = axes
    self.epsilon = epsilon
    centers = true
    stashType = 1
    meanOutput = nil
    inverseOutput = nil
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
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
    let result = try site.output(0, input.elementType, shape)
    let statistics = Shape(shape.dimensions.indices.map { $0 < first ? shape[$0] : 1 })
    let means = try output(meanOutput, statistics, site)
    let inverses = try output(inverseOutput, statistics, site)
    try site.normalizeRows(
      input, scale: try site.optionalInput(1), bias: try site.optionalInput(2), from: first,
      epsilon: epsilon, centers: centers, into: result, means: means, inverses: inverses)
  }

  private func output(
    _ index: Int?, _ shape: Shape, _ site: OperatorSite
  ) throws(ExecutionError) -> Value? {
    guard let index, index < site.outputCount, !site.unit.outputs[index].isEmpty else { return nil }
    guard stashType == ElementType.float32.rawValue else {
      throw site.unsupported("means and deviations of another type than float32 (stash_type)")
    }
    return try site.output(index, .float32, shape)
  }
}

extension OperatorSite {
  /// Emits a normalization over the axes from `first` on, with scale and bias that broadcast to the
  /// input.
  func normalizeRows(
    _ input: Value, scale: Value?, bias: Value?, from first: Int, epsilon: Float, centers: Bool,
    into result: Value, means: Value? = nil, inverses: Value? = nil
  ) throws(ExecutionError) {
    let (shape, type) = (input.shape, input.elementType)
    let normalized = Shape(Array(shape.dimensions[first...]))
    let rows = shape.dimensions[..<first].reduce(1, *)
    let columns = normalized.elementCount
    let given = [scale, bias]
    // Parameters that differ from row to row are spread over the whole input.
    let isShared = given.allSatisfy { value in
      value.map { $0.shape.dimensions.dropLast(normalized.rank).allSatisfy { $0 == 1 } } ?? true
    }
    let target = isShared ? normalized : shape
    var buffers: [Buffer.ID?] = []
    for case let value in given {
      guard let value else {
        buffers.append(nil)
        continue
      }
      try require(value, type)
      let own =
        isShared ? Shape(Array(value.shape.dimensions.suffix(normalized.rank))) : value.shape
      guard own.broadcast(with: target) == target else {
        throw mismatch("\(value.shape) for normalised elements of shape \(normalized)")
      }
      let buffer = read(value)
      buffers.append(
        own.elementCount == target.elementCount
          ? buffer : try expand(buffer, own, to: target, width: type.bitWidth / 8))
    }
    try emitNormalization(
      RowNormalization(
        rows: rows, columns: columns, epsilon: Double(epsilon), centers: centers,
        parameters: RowNormalization.Parameters(
          rowPeriod: isShared ? 1 : max(rows, 1), perRow: columns, run: 1)),
      input, scale: buffers[0], bias: buffers[1], into: result, means: means, inverses: inverses)
  }

  /// - Parameters: buffers of the input's type.
  func emitNormalization(
    _ normalization: RowNormalization, _ input: Value, scale: Buffer.ID?, bias: Buffer.ID?,
    into result: Value, means: Value? = nil, inverses: Value? = nil
  ) throws(ExecutionError) {
    let source = read(input)
    let target = write(result)
    let (mean, inverse) = (means.map(write), inverses.map(write))
    let isa = self.isa
    func body<Real: NormalizableElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        normalization.run(
          run.elements(source, of: type), scale: scale.map { UnsafePointer(run.elements($0)) },
          bias: bias.map { UnsafePointer(run.elements($0)) }, into: run.elements(target),
          means: mean.map { run.elements($0) }, inverses: inverse.map { run.elements($0) },
          isa: isa, pool: run.pool)
      }
    }
    let type = input.elementType
    guard type == .float32 || type == .float64 else { throw wrongType(type) }
    let name = operatorName.split(separator: ".").last.map { $0.lowercased() } ?? ""
    try emit(
      [result] + [means, inverses].compactMap { $0 },
      kernel: type == .float32 ? "\(name)-f32-\(isa.forFloats.rawValue)" : "\(name)-\(type)",
      reads: [source] + [scale, bias].compactMap { $0 }, sharesInputs: [0],
      body: type == .float32 ? body(Float.self) : body(Double.self))
  }
}
