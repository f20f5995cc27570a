extension TensorScheme {
  /// The codes this scheme uses.
  ///
  /// PyTorch: full, -127...127 when narrow; reducing floor-divides both ends by 2 (-64...63,
  /// 0...127). ONNX Runtime: symmetric int8 is always -127...127 and reduced int8 -64...64, which
  /// wins. TensorFlow Lite and TensorRT: -128...127, -127...127 when narrow, as their weights are;
  /// they have no reduced range, so reducing is PyTorch's. `narrowRange` means nothing for unsigned
  /// codes. The side that is reduced is a matter of the target: PyTorch's reduce activations, ONNX
  /// Runtime reduces weights.
  package var range: QuantizedRange {
    let full = type.fullRange
    guard type.isSigned else {
      return QuantizedRange(
        lowest: 0, highest: reduceRange ? full.highest / 2 : full.highest, type: type)
    }
    if reduceRange {
      // Only ONNX Runtime's 8-bit range is symmetric then; its 4-bit one is -4...3.
      let highest = profile == .ort && type == .qint8 ? 64 : full.highest / 2
      return QuantizedRange(lowest: full.lowest / 2, highest: highest, type: type)
    }
    let isNarrow = narrowRange || (profile == .ort && type == .qint8 && symmetry == .symmetric)
    return QuantizedRange(
      lowest: isNarrow ? full.lowest + 1 : full.lowest, highest: full.highest, type: type)
  }

  /// The code of real zero in a symmetric scheme: the middle of the codes.
  ///
  /// 0 for signed codes, 128 for 0...255 and 8 for 0...15. PyTorch's 0...127 has the floor of the
  /// middle, 63, as it does when told that range by hand (its own `reduce_range` refuses the
  /// combination); the other profiles have 64.
  package var symmetricZeroPoint: Int32 {
    guard !type.isSigned else { return 0 }
    let range = range
    return reduceRange && profile == .torch ? range.highest / 2 : (range.highest + 1) / 2
  }
}

extension QuantizationParameters {
  /// The map that covers `extent` and zero under a scheme, by the rules of the scheme's profile.
  ///
  /// Where `upper - lower` overflows float32, PyTorch's scale would be infinite; here it is computed
  /// in double precision and stays finite.
  package init(covering extent: ClosedRange<Float>, scheme: TensorScheme) {
    let exact = QuantizationParameters(anyScaleCovering: extent, scheme: scheme)
    self = scheme.scale == .powerOfTwo ? exact.atPowerOfTwo(covering: extent, scheme) : exact
  }

  /// The map with the next greater power of two for a scale; itself where there is none.
  private func atPowerOfTwo(
    covering extent: ClosedRange<Float>, _ scheme: TensorScheme
  ) -> QuantizationParameters {
    let power = scale.binade < scale ? 2 * scale.binade : scale
    guard power.isFinite, power > 0 else { return self }
    guard scheme.symmetry == .affine else {
      return QuantizationParameters(scale: power, zeroPoint: zeroPoint, range: range)
    }
    let offset = (min(extent.lowerBound, 0) / power).rounded(.toNearestOrEven)
    let moved = min(max(Float(range.lowest) - offset, Float(range.lowest)), Float(range.highest))
    return QuantizationParameters(scale: power, zeroPoint: Int32(moved), range: range)
  }

  private init(anyScaleCovering extent: ClosedRange<Float>, scheme: TensorScheme) {
    let range = scheme.range
    let lower = extent.lowerBound
    let upper = extent.upperBound
    switch scheme.profile {
    case .ort:
      let rule = ONNXRuntimeParameterRule(lowest: range.lowest, highest: range.highest)
      let (scale, zeroPoint) = rule.parameters(
        lower: lower, upper: upper, symmetry: scheme.symmetry)
      self.init(scale: scale, zeroPoint: zeroPoint, range: range)
    case .tflite where scheme.symmetry == .affine:
      let rule = TFLiteParameterRule(lowest: range.lowest, highest: range.highest)
      let (scale, zeroPoint) = rule.affine(lower: lower, upper: upper)
      self.init(scale: scale, zeroPoint: zeroPoint, range: range)
    case .tflite:
      // Unsigned codes are the signed ones moved up.
      let highest = range.highest - scheme.symmetricZeroPoint
      let rule = TFLiteParameterRule(lowest: -highest, highest: highest)
      self.init(
        scale: rule.symmetricScale(lower: lower, upper: upper),
        zeroPoint: scheme.symmetricZeroPoint, range: range)
    case .trt:
      // There are no zero points in TensorRT, so an affine scheme is a symmetric one.
      let rule = TensorRTParameterRule(highest: range.highest - scheme.symmetricZeroPoint)
      self.init(
        scale: rule.scale(lower: lower, upper: upper), zeroPoint: scheme.symmetricZeroPoint,
        range: range)
    case .torch:
      let rule = TorchParameterRule(
        lowest: range.lowest, highest: range.highest, epsilon: scheme.epsilon)
      if scheme.symmetry == .symmetric {
        self.init(
          scale: rule.symmetricScale(lower: lower, upper: upper),
          zeroPoint: scheme.symmetricZeroPoint, range: range)
        return
      }
      let (scale, zeroPoint) = rule.affine(lower: lower, upper: upper)
      if scale.isFinite {
        self.init(scale: scale, zeroPoint: zeroPoint, range: range)
      } else {
        let wide = Float((Double(upper) - Double(lower)) / Double(range.steps))
        self.init(
          scale: wide, zeroPoint: rule.zeroPoint(low: min(lower, 0), scale: wide), range: range)
      }
    }
  }
}
