extension TensorScheme {
  /// The codes this scheme uses.
  ///
  /// PyTorch: full, -127...127 when narrow; reducing floor-divides both ends by 2 (-64...63,
  /// 0...127). ONNX Runtime: symmetric int8 is always -127...127 and reduced int8 -64...64, which
  /// wins. `narrowRange` means nothing for unsigned codes.
  package var range: QuantizedRange {
    let lowest: Int32
    let highest: Int32
    switch (profile, type) {
    case (.torch, .qint8):
      lowest = reduceRange ? -64 : narrowRange ? -127 : -128
      highest = reduceRange ? 63 : 127
    case (.ort, .qint8):
      lowest = reduceRange ? -64 : narrowRange || symmetry == .symmetric ? -127 : -128
      highest = reduceRange ? 64 : 127
    case (_, .quint8):
      lowest = 0
      highest = reduceRange ? 127 : 255
    }
    return QuantizedRange(lowest: lowest, highest: highest, type: type)
  }

  /// The code of real zero in a symmetric scheme: the middle of the codes.
  ///
  /// PyTorch: 0 for signed codes, 128 for 0...255, and for 0...127 the floor of the middle, 63, as
  /// it does when told that range by hand (its own `reduce_range` refuses the combination).
  package var symmetricZeroPoint: Int32 {
    switch (type, reduceRange) {
    case (.qint8, _): 0
    case (.quint8, false): 128
    case (.quint8, true): profile == .torch ? 63 : 64
    }
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
