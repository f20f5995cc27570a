internal import Graphs
internal import Kernels
internal import Tensors

/// How products of reals with 8-bit weights are computed.
struct RecurrentArithmetic {
  var quantization: DynamicQuantization
  /// Whether products that are too small to gain from integers may stay in float.
  var leavesSmallToFloat: Bool

  /// Each sum has to be made real, and each row quantized, which only long sums and enough of them
  /// pay for; measured.
  private static let (leastDepth, leastWork) = (32, 4_096)

  func usesIntegers(rows: Int, depth: Int, columns: Int) -> Bool {
    !leavesSmallToFloat
      || (depth >= Self.leastDepth && rows * depth * columns >= Self.leastWork)
  }
}

/// Constant weights of a recurrent layer: `[directions, rows, depth]`, where a row makes one sum.
struct RecurrentMatrix {
  private enum Elements {
    case floats([Float])
    /// Scales and zero points are `[directions, rows]`.
    case codes([Int16], scales: [Float], zeroPoints: [Int16], RecurrentArithmetic)
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
    arithmetic: RecurrentArithmetic
  ) {
    directions = shape[0]
    rows = shape[1]
    depth = shape[2]
    elements = .codes(codes, scales: scales, zeroPoints: zeroPoints, arithmetic)
  }

  /// The packed product with some rows of one direction.
  /// - Parameter count: rows of reals that are multiplied in one call.
  func product(
    direction: Int, rows range: Range<Int>, bias: [Float]?, count: Int, isa: InstructionSet
  ) -> RecurrentProduct {
    let first = direction * rows + range.lowerBound
    let span = first..<first + range.count
    let places = span.lowerBound * depth..<span.upperBound * depth
    switch elements {
    case .floats(let values):
      return floats(Array(values[places]), columns: range.count, bias: bias, isa: isa)
    case .codes(let codes, let scales, let zeroPoints, let arithmetic):
      guard arithmetic.usesIntegers(rows: count, depth: depth, columns: range.count) else {
        let values = places.map { place in
          Float(codes[place] - zeroPoints[place / depth]) * scales[place / depth]
        }
        return floats(values, columns: range.count, bias: bias, isa: isa)
      }
      let product = OffsetProductInt8(
        depth: depth, columns: range.count, weights: Array(codes[places]),
        zeroPoints: Array(zeroPoints[span]), transposed: true,
        // DynamicQuantizeLinear uses all codes up to 255 for any input with a positive value.
        expectsSmallCodes: arithmetic.quantization == .reduced, isa: isa)
      let scaling = AccumulatorScaling(
        columns: range.count, scales: Array(scales[span]), bias: bias, isa: isa)
      return .codes(
        DynamicProductInt8(
          product, scaling: scaling, quantization: arithmetic.quantization, isa: isa))
    }
  }

  private func floats(
    _ values: [Float], columns: Int, bias: [Float]?, isa: InstructionSet
  ) -> RecurrentProduct {
    .floats(
      GEMMFloat(
        depth: depth, columns: columns, weights: values, transposed: true, bias: bias, isa: isa))
  }
}

extension RecurrentMatrix {
  /// Weights that a dequantizer makes real, as the codes they are stored in; `nil` when they are
  /// no such constant or their scales go along the depth.
  init?(_ stored: StoredCodes, _ arithmetic: RecurrentArithmetic) {
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
      arithmetic: arithmetic)
  }
}
