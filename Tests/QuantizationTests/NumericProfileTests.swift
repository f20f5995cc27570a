import Quantization
import Tensors
import Testing

@Suite struct NumericProfileTests {
  private func scheme(
    _ profile: NumericProfile, _ symmetry: Symmetry, type: QuantizedType = .qint8,
    narrow: Bool = false, reduced: Bool = false
  ) -> TensorScheme {
    TensorScheme(
      type: type, symmetry: symmetry, observer: .minMax, reduceRange: reduced, narrowRange: narrow,
      profile: profile)
  }

  /// A symmetric bound of 4 on int8: full steps for PyTorch, 127 for the others.
  @Test(arguments: [
    (NumericProfile.torch, Float(4 / 127.5)), (.ort, Float(4.0 / 127)), (.tflite, Float(4) / 127),
    (.trt, Float(4) / 127),
  ])
  func dividesSymmetricRangesItsOwnWay(profile: NumericProfile, scale: Float) {
    let map = QuantizationParameters(covering: -4...1, scheme: scheme(profile, .symmetric))
    #expect(map.scale == scale)
    #expect(map.zeroPoint == 0)
  }

  @Test func rangesOfCodes() {
    #expect(scheme(.torch, .symmetric).range.lowest == -128)
    #expect(scheme(.ort, .symmetric).range.lowest == -127)
    #expect(scheme(.tflite, .symmetric).range.lowest == -128)
    #expect(scheme(.tflite, .symmetric, narrow: true).range.lowest == -127)
    #expect(scheme(.trt, .symmetric).range.lowest == -128)
    #expect(scheme(.trt, .symmetric, narrow: true).range.lowest == -127)
    #expect(scheme(.ort, .symmetric, reduced: true).range.highest == 64)
    #expect(scheme(.torch, .symmetric, reduced: true).range.highest == 63)
    for (type, lowest, highest) in [(QuantizedType.qint4, -8, 7), (.quint4, 0, 15)] {
      let range = scheme(.ort, .symmetric, type: type).range
      #expect((Int(range.lowest), Int(range.highest)) == (lowest, highest))
    }
    #expect(scheme(.ort, .affine, type: .qint4, reduced: true).range.lowest == -4)
    #expect(scheme(.ort, .affine, type: .quint4, reduced: true).range.highest == 7)
  }

  @Test func tensorFlowLiteRoundsZeroPointsAwayFromZero() {
    // Steps of 1/255 * 255: the low end lies 2.5 steps below zero.
    let map = QuantizationParameters(covering: -2.5...252.5, scheme: scheme(.tflite, .affine))
    #expect(map.scale == 1)
    #expect(map.zeroPoint == -126)
    let even = QuantizationParameters(covering: -2.5...252.5, scheme: scheme(.torch, .affine))
    #expect(even.zeroPoint == -126)
    let odd = QuantizationParameters(covering: -3.5...251.5, scheme: scheme(.tflite, .affine))
    #expect(odd.zeroPoint == -125)
    let torch = QuantizationParameters(covering: -3.5...251.5, scheme: scheme(.torch, .affine))
    #expect(torch.zeroPoint == -124)
  }

  @Test func codesOfTiesDependOnTheProfile() throws {
    // 127 lies on the scale; 0.5 and 2.5 are ties.
    let values: [Float] = [127, 0.5, 2.5, -2.5]
    func codes(_ profile: NumericProfile) throws -> [Int32] {
      let found = try quantizeWeights(
        values, shape: [4], axis: 0, scheme: scheme(profile, .symmetric, narrow: true))
      return (0..<4).map { found.codes[$0] }
    }
    #expect(try codes(.tflite) == [127, 1, 3, -3])
    for profile in [NumericProfile.torch, .ort, .trt] {
      #expect(try codes(profile) == [127, 0, 2, -2])
    }
  }

  @Test(arguments: [NumericProfile.tflite, .trt, .ort]) func aRangeOfZeroHasScaleOne(
    profile: NumericProfile
  ) {
    let map = QuantizationParameters(covering: 0...0, scheme: scheme(profile, .symmetric))
    #expect(map.scale == 1)
    #expect(map.zeroPoint == 0)
  }

  @Test func tensorRTHasNoZeroPoints() {
    let map = QuantizationParameters(covering: 0...4, scheme: scheme(.trt, .affine))
    #expect(map.zeroPoint == 0)
    #expect(map.scale == Float(4) / 127)
  }

  @Test func tensorFlowLiteFixesKnownOutputs() throws {
    let resolver = try RecipeResolver(Recipe(target: .tflite))
    let known: [(String, Float, Int32)] = [
      ("Sigmoid", 1 / 256, -128), ("Softmax", 1 / 256, -128), ("Tanh", 1 / 128, 0),
      ("LpNormalization", 1 / 128, 0), ("LogSoftmax", 16 / 256, 127),
    ]
    for (operatorType, scale, zeroPoint) in known {
      let scheme = resolver.resolve(layer: "a", operatorType: operatorType).qconfig.activation
      guard case .fixed(let fixedScale, let fixedZeroPoint) = scheme.observer else {
        Issue.record("\(operatorType) is not fixed")
        continue
      }
      let map = try QuantizationParameters(
        fixedScale: fixedScale, zeroPoint: fixedZeroPoint, range: scheme.range)
      #expect(map.scale == scale && map.zeroPoint == zeroPoint, "\(operatorType)")
    }
    let dense = resolver.resolve(layer: "a", operatorType: "Gemm").qconfig
    #expect(dense.weight.granularity == .perTensor)
  }

  @Test func symmetricQnnpackRaisesTinyScales() {
    let weight = Target.qnnpackSymmetric.fallback.weight
    let map = QuantizationParameters(covering: -1e-6...1e-6, scheme: weight)
    #expect(map.scale == 0x1p-12)
    #expect(map.range.lowest == -127)
  }

  @Test(arguments: [
    (Float(-1), Float(3), Float(4) / 255, Int32(64)), (0, 0, 1, 0), (1, 255, 1, 0),
    (-255, -1, 1, 255), (-0.5, 254.5, 1, 0), (-1.5, 253.5, 1, 2),
  ])
  func dynamicQuantizeLinearFollowsTheStandard(
    lower: Float, upper: Float, scale: Float, zeroPoint: Int32
  ) {
    let map = DynamicQuantizeLinearRule.parameters(lower: lower, upper: upper)
    #expect(map.scale == scale)
    #expect(map.zeroPoint == zeroPoint)
  }
}
