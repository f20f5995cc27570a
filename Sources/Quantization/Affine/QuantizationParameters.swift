/// The affine map `real = scale * (code - zeroPoint)`.
///
/// Real zero is always exact, so zero padding adds no error (Jacob et al. 2018, section 2.1).
package struct QuantizationParameters: Hashable, Codable, Sendable {
  /// Real units per step; positive.
  package let scale: Float
  /// The code of real zero; inside `range`.
  package let zeroPoint: Int32
  package let range: QuantizedRange

  package init(scale: Float, zeroPoint: Int32, range: QuantizedRange) {
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.range = range
  }

  /// The smallest real value that is not clipped.
  package var lowerBound: Float { scale * Float(range.lowest - zeroPoint) }
  /// The largest real value that is not clipped.
  package var upperBound: Float { scale * Float(range.highest - zeroPoint) }
}

/// The parameters of a whole tensor: one map, or one per slice along an axis.
package struct TensorParameters: Hashable, Codable, Sendable {
  /// One element per tensor, or one per channel along `axis`.
  package var channels: [QuantizationParameters]
  /// `nil` for per-tensor.
  package var axis: Int?

  package init(_ parameters: QuantizationParameters) {
    channels = [parameters]
    axis = nil
  }

  /// - Precondition: `channels` is not empty and shares one range.
  package init(channels: [QuantizationParameters], axis: Int) {
    precondition(!channels.isEmpty, "no channels")
    self.channels = channels
    self.axis = axis
  }

  package var isPerChannel: Bool { axis != nil }
  package var range: QuantizedRange { channels[0].range }
  package var type: QuantizedType { range.type }
}
