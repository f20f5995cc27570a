/// PyTorch's FixedQParamsObserver: a map known beforehand, whatever the data.
package struct FixedParametersObserver: Hashable, Sendable {
  package let parameters: QuantizationParameters

  package init(scale: Float, zeroPoint: Int32, range: QuantizedRange = .uint8) {
    parameters = QuantizationParameters(scale: scale, zeroPoint: zeroPoint, range: range)
  }

  /// For outputs in 0...1: sigmoid, hard sigmoid, softmax.
  package static let unitInterval = FixedParametersObserver(scale: 1 / 256, zeroPoint: 0)
  /// For outputs in -1...1: tanh.
  package static let signedUnitInterval = FixedParametersObserver(scale: 2 / 256, zeroPoint: 128)
}
