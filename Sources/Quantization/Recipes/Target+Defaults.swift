extension Target {
  /// What the target means, in one line.
  package var summary: String {
    switch self {
    case .x86, .fbgemm:
      "PyTorch on x86: 7-bit unsigned activations by histogram, int8 weights per channel"
    case .onednn:
      "PyTorch with oneDNN (needs VNNI for speed): 8-bit unsigned activations, int8 weights per "
        + "channel"
    case .qnnpack:
      "PyTorch on ARM: 8-bit unsigned activations by histogram, int8 weights per tensor"
    case .ort:
      "ONNX Runtime: 8-bit unsigned activations by min-max, weights -127...127 per channel"
    }
  }

  package var profile: NumericProfile { self == .ort ? .ort : .torch }

  /// What a layer gets when no rule of its own applies.
  package var fallback: QConfig {
    let isONNXRuntime = self == .ort
    return QConfig(
      activation: TensorScheme(
        type: .quint8, symmetry: .affine, observer: isONNXRuntime ? .minMax : .histogram,
        reduceRange: self == .x86 || self == .fbgemm, profile: profile),
      weight: TensorScheme(
        type: .qint8, symmetry: .symmetric,
        granularity: self == .qnnpack ? .perTensor : .perChannel, observer: .minMax,
        narrowRange: isONNXRuntime, profile: profile))
  }

  /// The target as rules, the first of which sets everything.
  ///
  /// The PyTorch targets follow its default qconfigs and their exceptions: under fbgemm and x86 a
  /// ConvTranspose has one weight scale, and outputs that are known to lie in 0...1 or -1...1 have
  /// fixed maps over all 256 codes.
  package var defaults: [Rule] {
    let note = "target \(rawValue)"
    var rules = [Rule(.global, QConfigChange(all: fallback), note: note)]
    if self == .x86 || self == .fbgemm {
      var perTensor = QConfigChange()
      perTensor.weight.granularity = .perTensor
      rules.append(Rule(.operatorType("ConvTranspose"), perTensor, note: note))
    }
    guard self != .ort else { return rules }
    for operatorType in ["Sigmoid", "HardSigmoid", "Softmax"] {
      rules.append(
        Rule(.operatorType(operatorType), .fixedOutput(scale: 1 / 256, zeroPoint: 0), note: note))
    }
    rules.append(
      Rule(.operatorType("Tanh"), .fixedOutput(scale: 2 / 256, zeroPoint: 128), note: note))
    return rules
  }
}

extension QConfigChange {
  /// Sets every field to what `qconfig` says.
  fileprivate init(all qconfig: QConfig) {
    precision = qconfig.precision
    activation = SchemeChange(all: qconfig.activation)
    weight = SchemeChange(all: qconfig.weight)
  }

  fileprivate static func fixedOutput(scale: Float, zeroPoint: Int32) -> QConfigChange {
    var change = QConfigChange()
    change.activation.observer = .fixed(scale: scale, zeroPoint: zeroPoint)
    change.activation.reduceRange = false
    return change
  }
}

extension SchemeChange {
  fileprivate init(all scheme: TensorScheme) {
    type = scheme.type
    symmetry = scheme.symmetry
    granularity = scheme.granularity
    observer = scheme.observer
    reduceRange = scheme.reduceRange
    narrowRange = scheme.narrowRange
    epsilon = scheme.epsilon
    scale = scheme.scale
  }
}
