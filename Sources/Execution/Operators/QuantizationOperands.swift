internal import Graphs
internal import Tensors

/// Scale and zero point of a QuantizeLinear or DequantizeLinear, known when the plan is made.
struct QuantizationOperands {
  let type: ElementType
  /// One, or one for each slice along `axis`.
  let scales: [Float]
  /// As many as scales; in the model's own codes.
  let zeroPoints: [Int32]
  /// Meaningful for more than one scale.
  let axis: Int

  var isPerTensor: Bool { scales.count == 1 }
  /// Whether plans keep such codes as shifted uint8.
  var isByte: Bool { type == .uint8 || type == .int8 }
  /// What is added to the model's codes and zero point inside plans.
  var shift: Int32 { type == .int8 ? 128 : 0 }
  /// The least and the greatest code of the type.
  var limits: (lowest: Int32, highest: Int32) {
    switch type {
    case .int8: (-128, 127)
    case .uint8: (0, 255)
    case .int16: (-32_768, 32_767)
    case .uint16: (0, 65_535)
    default: (.min, .max)
    }
  }

  /// - Parameter codes: the type of the codes where it is known, of the input of a dequantizer.
  init(
    _ site: OperatorSite, node: Node, shape: Shape, codes: ElementType? = nil
  ) throws(ExecutionError) {
    guard node.int("block_size") ?? 0 == 0 else {
      throw site.unsupported("blocked quantization")
    }
    let scale = try site.constant(1)
    guard scale.elementType == .float32, scale.elementCount > 0 else {
      throw site.unsupported("a scale of type \(scale.elementType)")
    }
    scales = scale.floats
    let zeroPoint = try site.optionalConstant(2)
    let requested = node.int("output_dtype").flatMap { Int32(exactly: $0) }
      .flatMap { ElementType(rawValue: $0) }
    let type = codes ?? zeroPoint?.elementType ?? requested ?? .uint8
    zeroPoints = zeroPoint.flatMap(\.codes) ?? [Int32](repeating: 0, count: scales.count)
    self.type = type
    guard zeroPoints.count == scales.count, zeroPoint == nil || zeroPoint?.codes != nil,
      zeroPoint.map({ $0.elementType == type }) ?? true
    else {
      throw site.mismatch("\(scales.count) scales and \(zeroPoints.count) zero points of \(type)")
    }
    guard scales.count > 1 else {
      axis = 0
      return
    }
    axis = try site.axis(Int(clamping: node.int("axis") ?? 1), of: shape)
    guard shape[axis] == scales.count else {
      throw site.mismatch("\(scales.count) scales along axis \(axis) of \(shape)")
    }
  }
}

extension Tensor {
  /// The elements of an integer tensor of at most 32 bits; `nil` for any other type.
  var codes: [Int32]? {
    switch elementType {
    case .int8: array(of: Int8.self).map { Int32($0) }
    case .uint8: array(of: UInt8.self).map { Int32($0) }
    case .int16: array(of: Int16.self).map { Int32($0) }
    case .uint16: array(of: UInt16.self).map { Int32($0) }
    case .int32: array(of: Int32.self)
    default: nil
    }
  }
}
