package import Tensors

/// The maps of a whole tensor: scales and zero points, how they are laid out, and the codes in use.
///
/// Works for every integer type up to 16 bits, as codes are `Int32`: int4 is -8...7, uint16 is
/// 0...65535. The rules are those of ``QuantizationParameters``.
package struct AffineTensor: Sendable {
  package let shape: Shape
  package let layout: ParameterLayout
  private let maps: [QuantizationParameters]
  private let extent: LayoutExtent

  /// - Throws: `AffineError` when the parameters do not fit the shape.
  package init(
    shape: Shape, layout: ParameterLayout, scales: [Float], zeroPoints: [Int32],
    lowest: Int32, highest: Int32
  ) throws(AffineError) {
    self.shape = shape
    self.layout = layout
    extent = try layout.extent(in: shape)
    guard scales.count == extent.parameterCount, zeroPoints.count == scales.count else {
      throw .parameterCount(
        expected: extent.parameterCount, scales: scales.count, zeroPoints: zeroPoints.count)
    }
    let range = QuantizedRange(
      lowest: lowest, highest: highest, type: lowest < 0 ? .qint8 : .quint8)
    maps = zip(scales, zeroPoints).map {
      QuantizationParameters(scale: $0, zeroPoint: $1, range: range)
    }
  }

  /// ONNX QuantizeLinear.
  package func quantizeLinear(_ values: [Float]) throws(AffineError) -> [Int32] {
    try map(values) { $0.quantizeLinear($1) }
  }

  /// ONNX DequantizeLinear, and PyTorch's dequantize.
  package func dequantize(_ codes: [Int32]) throws(AffineError) -> [Float] {
    try map(codes) { $0.dequantize($1) }
  }

  /// PyTorch's quantize_per_tensor and quantize_per_channel.
  package func torchQuantize(_ values: [Float]) throws(AffineError) -> [Int32] {
    try map(values) { $0.torchQuantize($1) }
  }

  /// PyTorch's fake-quantize.
  package func fakeQuantize(_ values: [Float]) throws(AffineError) -> [Float] {
    try map(values) { $0.fakeQuantize($1) }
  }

  /// The straight-through gradient of ``fakeQuantize(_:)``: `true` inside the range.
  package func gradientMask(_ values: [Float]) throws(AffineError) -> [Bool] {
    try map(values) { $0.passesGradient($1) }
  }

  @inline(__always)
  private func map<Source, Result>(
    _ values: [Source], _ transform: (QuantizationParameters, Source) -> Result
  ) throws(AffineError) -> [Result] {
    guard values.count == shape.elementCount else {
      throw .valueCount(expected: shape.elementCount, found: values.count)
    }
    var results: [Result] = []
    results.reserveCapacity(values.count)
    extent.forEach { element, parameter in
      results.append(transform(maps[parameter], values[element]))
    }
    return results
  }
}
