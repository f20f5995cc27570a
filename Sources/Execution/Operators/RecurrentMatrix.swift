internal import Graphs
internal import Kernels
internal import Tensors

/// Constant weights of a recurrent layer: `[directions, rows, depth]`, where a row makes one sum.
struct RecurrentMatrix {
  private enum Elements {
    case floats([Float])
    /// Scales and zero points are `[directions, rows]`.
    case codes([Int16], scales: [Float], zeroPoints: [Int16], DynamicQuantization)
  }

  let directions: Int
  let rows: Int
  let depth: Int
  private let elements: Elements

  init(_ values: [Float], shape: Shape) {
    directions = shape[0]
    rows = shape[1]
    depth = shape[2]
    elements = .floats(values)
  }

  /// - `codes`: `[directions, rows, depth]`
  /// - `scales`, `zeroPoints`: `[directions, rows]`
  init(
    codes: [Int16], shape: Shape, scales: [Float], zeroPoints: [Int16],
    quantization: DynamicQuantization
  ) {
    directions = shape[0]
    rows = shape[1]
    depth = shape[2]
    elements = .codes(codes, scales: scales, zeroPoints: zeroPoints, quantization)
  }

  var isInteger: Bool {
    if case .codes = elements { true } else { false }
  }

  /// The packed product with some rows of one direction.
  func product(
    direction: Int, rows range: Range<Int>, bias: [Float]?, isa: InstructionSet
  ) -> RecurrentProduct {
    let first = direction * rows + range.lowerBound
    let span = first..<first + range.count
    let places = span.lowerBound * depth..<span.upperBound * depth
    switch elements {
    case .floats(let values):
      return .floats(
        GEMMFloat(
          depth: depth, columns: range.count, weights: Array(values[places]), transposed: true,
          bias: bias, isa: isa))
    case .codes(let codes, let scales, let zeroPoints, let quantization):
      let product = OffsetProductInt8(
        depth: depth, columns: range.count, weights: Array(codes[places]),
        zeroPoints: Array(zeroPoints[span]), transposed: true, isa: isa)
      let scaling = AccumulatorScaling(
        columns: range.count, scales: Array(scales[span]), bias: bias, isa: isa)
      return .codes(
        DynamicProductInt8(product, scaling: scaling, quantization: quantization, isa: isa))
    }
  }
}

extension RecurrentMatrix {
  /// Weights that a dequantizer makes real, as the codes they are stored in; `nil` when they are
  /// no such constant or their scales go along the depth.
  init?(_ stored: StoredCodes, quantization: DynamicQuantization) {
    let operands = stored.operands
    let shape = stored.shape
    guard operands.isByte, shape.rank == 3, operands.isPerTensor || operands.axis < 2 else {
      return nil
    }
    let slices = (0..<shape[0] * shape[1]).map { index in
      operands.isPerTensor ? 0 : operands.axis == 0 ? index / shape[1] : index % shape[1]
    }
    self.init(
      codes: stored.codes.map { Int16(clamping: $0) }, shape: shape,
      scales: slices.map { operands.scales[$0] },
      zeroPoints: slices.map { Int16(clamping: operands.zeroPoints[$0]) },
      quantization: quantization)
  }
}
