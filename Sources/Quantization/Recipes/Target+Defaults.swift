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
    case .qnnpackSymmetric:
      "PyTorch on ARM, symmetric weights -127...127 per tensor, signed activations by histogram"
    case .ort:
      "ONNX Runtime: 8-bit unsigned activations by min-max, weights -127...127 per channel"
    case .ortSigned:
      "ONNX Runtime's quantize_static as it is: signed activations by min-max, weights -127...127 "
        + "per tensor"
    case .tflite:
      "TensorFlow Lite: signed activations by min-max, weights -127...127 per channel"
    case .trt:
      "TensorRT: symmetric signed activations by min-max, weights -127...127 per channel"
    }
  }

  package var profile: NumericProfile {
    switch self {
    case .x86, .fbgemm, .onednn, .qnnpack, .qnnpackSymmetric: .torch
    case .ort, .ortSigned: .ort
    case .tflite: .tflite
    case .trt: .trt
    }
  }

  /// What a layer gets when no rule of its own applies.
  package var fallback: QConfig {
    QConfig(activation: activation, weight: weight)
  }

  /// PyTorch's targets take the range with the least squared error, the others all of it. Only
  /// fbgemm's reduce the range, and of activations: ONNX Runtime's `reduce_range` is about weights
  /// and off by default, TensorFlow Lite and TensorRT have none.
  private var activation: TensorScheme {
    var scheme = TensorScheme(
      type: .quint8, symmetry: .affine, observer: profile == .torch ? .histogram : .minMax,
      profile: profile)
    switch self {
    case .x86, .fbgemm: scheme.reduceRange = true
    case .onednn, .qnnpack, .ort: break
    case .qnnpackSymmetric:
      scheme.type = .qint8
      scheme.epsilon = Self.symmetricEpsilon
    case .ortSigned, .tflite: scheme.type = .qint8
    case .trt:
      scheme.type = .qint8
      scheme.symmetry = .symmetric
    }
    return scheme
  }

  /// Symmetric int8 everywhere. PyTorch's defaults use all 256 codes, the rest leave out -128; ONNX
  /// Runtime's arithmetic does so by itself, for symmetric ranges only.
  private var weight: TensorScheme {
    var scheme = TensorScheme(
      type: .qint8, symmetry: .symmetric, granularity: .perChannel, observer: .minMax,
      narrowRange: true, profile: profile)
    switch self {
    case .x86, .fbgemm, .onednn: scheme.narrowRange = false
    case .qnnpack:
      scheme.narrowRange = false
      scheme.granularity = .perTensor
    case .qnnpackSymmetric:
      scheme.granularity = .perTensor
      scheme.epsilon = Self.symmetricEpsilon
    case .ort: scheme.narrowRange = false
    case .ortSigned:
      scheme.narrowRange = false
      scheme.granularity = .perTensor
    case .tflite, .trt: break
    }
    return scheme
  }

  /// The floor of scales in PyTorch's symmetric qnnpack configuration.
  private static let symmetricEpsilon: Float = 0x1p-12

  /// The target as rules, the first of which sets everything.
  package var defaults: [Rule] {
    let note = "target \(rawValue)"
    var rules = [Rule(.global, QConfigChange(all: fallback), note: note)]
    for operatorType in perTensorOperators {
      var change = QConfigChange()
      change.weight.granularity = .perTensor
      rules.append(Rule(.operatorType(operatorType), change, note: note))
    }
    for output in knownOutputs {
      var change = QConfigChange()
      change.activation.observer = output.observer
      if profile == .torch { change.activation.reduceRange = false }
      rules.append(Rule(.operatorType(output.operatorType), change, note: note))
    }
    if profile == .torch {
      // Among many keys no share is near 1, and codes for all of 0...1 would leave few to them.
      var change = QConfigChange()
      change.activation.observer = .minMax
      rules.append(Rule(.operatorType(Self.attentionSoftmax), change, note: note))
    }
    if profile != .ort {
      // The range of a mask would leave no codes for the scores that it is added to. Rounding scores
      // or sums that are normalized costs accuracy and saves nothing: what reads them computes in
      // float.
      for name in [Self.attentionMask, Self.attentionScale, Self.residual] {
        var change = QConfigChange()
        change.precision = .float32
        rules.append(Rule(.operatorType(name), change, note: note))
      }
    }
    return rules
  }

  /// What rules call the addition of a mask to the scores of attention.
  package static let attentionMask = "AttentionMask"
  /// The multiplication of those scores by a number.
  package static let attentionScale = "AttentionScale"
  /// The softmax of those scores.
  package static let attentionSoftmax = "AttentionSoftmax"
  /// An addition whose result a normalization of rows reads.
  package static let residual = "Residual"

  /// Operators whose weights have one scale where others have one per channel: a ConvTranspose under
  /// fbgemm and x86 (PyTorch's exception), fully connected layers in TensorFlow Lite's specification.
  private var perTensorOperators: [String] {
    switch self {
    case .x86, .fbgemm: ["ConvTranspose"]
    case .tflite: ["Gemm", "MatMul"]
    case .onednn, .qnnpack, .qnnpackSymmetric, .ort, .ortSigned, .trt: []
    }
  }

  /// Outputs whose range is known beforehand; fixed maps are stated for codes 0...255.
  ///
  /// PyTorch: 0...1 in steps of 1/256, -1...1 in steps of 2/256, over all codes even where others
  /// are reduced. TensorFlow Lite: the same, for normalised vectors too, and -16...0 for LogSoftmax.
  /// ONNX Runtime: the range of Softmax is 0...1, by the scheme's own arithmetic (1/255). TensorRT
  /// has no such rule.
  private var knownOutputs: [(operatorType: String, observer: ObserverKind)] {
    let unit = ObserverKind.fixed(scale: 1 / 256, zeroPoint: 0)
    let signedUnit = ObserverKind.fixed(scale: 2 / 256, zeroPoint: 128)
    switch profile {
    case .torch:
      return [
        ("Sigmoid", unit), ("HardSigmoid", unit), ("Softmax", unit), ("Tanh", signedUnit),
      ]
    case .tflite:
      return [
        ("Sigmoid", unit), ("Softmax", unit), ("Tanh", signedUnit),
        ("LpNormalization", signedUnit),
        ("LogSoftmax", .fixed(scale: 16 / 256, zeroPoint: 255)),
      ]
    case .ort: return [("Softmax", .manual(lower: 0, upper: 1))]
    case .trt: return []
    }
  }
}

extension QConfigChange {
  /// Sets every field to what `qconfig` says.
  fileprivate init(all qconfig: QConfig) {
    precision = qconfig.precision
    fuse = qconfig.fuse
    activation = SchemeChange(all: qconfig.activation)
    weight = SchemeChange(all: qconfig.weight)
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
    groupSize = scheme.groupSize
  }
}
