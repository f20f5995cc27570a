internal import Graphs
internal import Tensors

/// Scale and zero point of a QuantizeLinear or DequantizeLinear, known when the plan is made.
struct QuantizationOperands {
  /// Of the codes.
  let type: ElementType
  /// In which type reals are divided by scales or multiplied with them: float32 or a half.
  let precision: ElementType
  /// One, or one for each slice along `axis`, or one for each block of it in row-major order.
  let scales: [Float]
  /// As many as scales; in the model's own codes, 0 for codes that are floats.
  let zeroPoints: [Int32]
  /// The numbers that the zero points stand for.
  let zeros: [Float]
  /// Meaningful for more than one scale.
  let axis: Int
  /// How many neighbours along `axis` share a scale; `nil` where whole slices do.
  let blockSize: Int?

  var isPerTensor: Bool { scales.count == 1 }
  /// Whether each slice along `channelAxis` has one scale.
  func isUniform(along channelAxis: Int) -> Bool {
    isPerTensor || blockSize == nil && axis == channelAxis
  }
  /// Whether every code less its zero point may fit int8.
  var isNarrow: Bool {
    isByte || precision == .float32 && (type == .int4 || type == .uint4)
  }
  /// Whether plans keep such codes as shifted uint8.
  var isByte: Bool { precision == .float32 && (type == .uint8 || type == .int8) }
  /// What is added to the model's codes and zero point inside plans.
  var shift: Int32 { type == .int8 ? 128 : 0 }
  /// The least and the greatest code of the type.
  var limits: (lowest: Int32, highest: Int32) {
    switch type {
    case .int8: (-128, 127)
    case .uint8: (0, 255)
    case .int16: (-32_768, 32_767)
    case .uint16: (0, 65_535)
    case .int4: (-8, 7)
    case .uint4: (0, 15)
    case .int2: (-2, 1)
    case .uint2: (0, 3)
    default: (.min, .max)
    }
  }

  /// - Parameter codes: the type of the codes where it is known, of the input of a dequantizer.
  init(
    _ site: OperatorSite, node: Node, shape: Shape, codes: ElementType? = nil
  ) throws(ExecutionError) {
    let scale = try site.constant(1)
    guard let numbers = scale.cast(to: .float32), scale.elementCount > 0 else {
      throw site.unsupported("a scale of type \(scale.elementType)")
    }
    scales = numbers.floats
    let zeroPoint = try site.optionalConstant(2)
    func requested(_ attribute: String) -> ElementType? {
      node.int(attribute).flatMap { Int32(exactly: $0) }.flatMap { ElementType(rawValue: $0) }
    }
    // A dequantizer's output is of the type it calculates in.
    let asked = requested(codes == nil ? "precision" : "output_dtype")
    precision = asked ?? scale.elementType
    guard precision == .float32 || precision.isHalf else {
      throw site.unsupported("real values of type \(precision)")
    }
    let type = codes ?? zeroPoint?.elementType ?? requested("output_dtype") ?? .uint8
    zeroPoints = zeroPoint.flatMap(\.codes) ?? [Int32](repeating: 0, count: scales.count)
    zeros = zeroPoint?.cast(to: .float32)?.floats ?? [Float](repeating: 0, count: scales.count)
    self.type = type
    guard zeros.count == scales.count, zeroPoint.map({ $0.elementType == type }) ?? true else {
      throw site.mismatch("\(scales.count) scales and \(zeroPoints.count) zero points of \(type)")
    }
    guard scales.count > 1 else {
      axis = 0
      blockSize = nil
      return
    }
    axis = try site.axis(Int(clamping: node.int("axis") ?? 1), of: shape)
    let block = Int(clamping: node.int("block_size") ?? 0)
    guard block > 0 else {
      blockSize = nil
      guard shape[axis] == scales.count else {
        throw site.mismatch("\(scales.count) scales along axis \(axis) of \(shape)")
      }
      return
    }
    blockSize = block
    var blocks = shape
    // Rounds up without adding first, as a block may be larger than any extent.
    blocks[axis] = (shape[axis] - 1) / block + 1
    guard scale.shape == blocks else {
      throw site.mismatch(
        "\(scale.shape) scales for blocks of \(block) along axis \(axis) of \(shape)")
    }
  }

  /// What is left of a real value in the type that it is divided in.
  func rounded(_ value: Float) -> Float {
    switch precision {
    case .float16: Float(Float16(value))
    case .bfloat16: BFloat16(value).float
    default: value
    }
  }

  /// Runs of row-major elements that share a scale.
  func loop(over shape: Shape) -> SliceLoop {
    SliceLoop(shape, axis: isPerTensor ? nil : axis, blockSize: blockSize)
  }
}
