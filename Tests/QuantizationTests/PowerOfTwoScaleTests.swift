import Quantization
import Testing

@Suite struct PowerOfTwoScaleTests {
  @Test(arguments: [
    (-1.0, 1.0, Symmetry.affine), (0, 6, .affine), (-0.3, 5.9, .affine), (-7, 0, .affine),
    (-2.5, 1, .symmetric), (0, 0, .affine), (1e-30, 2e-30, .affine), (-3e38, 3e38, .affine),
  ])
  func coversTheSameRangeWithTheNextPower(low: Float, high: Float, symmetry: Symmetry) {
    var scheme = TensorScheme(type: .quint8, symmetry: symmetry, observer: .minMax)
    let exact = QuantizationParameters(covering: low...high, scheme: scheme)
    scheme.scale = .powerOfTwo
    let power = QuantizationParameters(covering: low...high, scheme: scheme)
    #expect(power.scale.significand == 1)
    #expect(power.scale >= exact.scale && power.scale < 2 * exact.scale)
    #expect(power.range == exact.range)
    #expect((0...255).contains(power.zeroPoint))
    let slack = power.scale / 2
    #expect(power.lowerBound <= min(low, 0) + slack && power.upperBound >= max(high, 0) - slack)
  }

  @Test func aPowerOfTwoStaysAsItIs() {
    let scheme = TensorScheme(
      type: .quint8, symmetry: .affine, observer: .minMax, scale: .powerOfTwo)
    let parameters = QuantizationParameters(covering: 0...255.0 / 64, scheme: scheme)
    #expect(parameters.scale == 1.0 / 64 && parameters.zeroPoint == 0)
  }
}
