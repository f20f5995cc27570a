import Quantization
import Tensors
import Testing

@Suite(.golden("ort_weights")) struct ONNXRuntimeWeightGoldenTests {
  static let cases = GoldenSet.current.cases("ort_weights")

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    switch golden.kind {
    case "ort_compute_scale_zp":
      for expected in golden["qparams"].array {
        try check(golden, expected, minimumRealRange: 0)
      }
    case "ort_compute_scale_zp_min_real_range":
      let minimum = try #require(golden["min_real_range"].double)
      let range = try QuantizedType(onnxRuntime: golden["type"]).fullRange
      let rule = ONNXRuntimeParameterRule(
        lowest: range.lowest, highest: range.highest, minimumRealRange: minimum)
      try expect(golden, golden["expected"], rule, .affine)
    case "ort_weight_quantization":
      try checkWeights(golden)
    default:
      recordUnknownKind(golden)
    }
  }

  private func check(
    _ golden: GoldenSet.Case, _ expected: JSONValue, minimumRealRange: Double
  ) throws {
    let rule = ONNXRuntimeParameterRule(
      lowest: Int32(try #require(expected["quant_min"].int)),
      highest: Int32(try #require(expected["quant_max"].int)),
      minimumRealRange: minimumRealRange)
    try expect(golden, expected, rule, expected["symmetric"].bool == true ? .symmetric : .affine)
  }

  private func expect(
    _ golden: GoldenSet.Case, _ expected: JSONValue, _ rule: ONNXRuntimeParameterRule,
    _ symmetry: Symmetry
  ) throws {
    let found = rule.parameters(
      lower: try #require(golden["rmin"].float), upper: try #require(golden["rmax"].float),
      symmetry: symmetry)
    #expect(same(found.scale, try #require(expected["scale"].float)))
    if found.scale.isFinite { #expect(Int(found.zeroPoint) == expected["zero_point"].int) }
  }

  private func checkWeights(_ golden: GoldenSet.Case) throws {
    let type = try QuantizedType(onnxRuntime: golden["type"])
    let weights = try GoldenSet.current.tensor(golden["weight"])
    let axis = golden["axis"].int
    let scheme = TensorScheme(
      type: type, symmetry: golden["symmetric"].bool == true ? .symmetric : .affine,
      granularity: axis == nil ? .perTensor : .perChannel, observer: .minMax,
      reduceRange: golden["reduce_range"].bool ?? false, profile: .ort)
    let found = try quantizeWeights(
      weights.floats, shape: weights.shape, axis: axis ?? 0, scheme: scheme)
    #expect(same(found.parameters.channels.map(\.scale), golden["scale"].floats))
    #expect(found.parameters.channels.map { Int($0.zeroPoint) } == golden["zero_point"].ints)
    let expected = golden["q_per_channel"].array.map(\.ints)
    let resolved = try #require(weights.shape.resolved(axis: axis ?? 0))
    let inner = weights.shape.dimensions[(resolved + 1)...].reduce(1, *)
    let channels = axis == nil ? 1 : weights.shape[resolved]
    var byChannel = [[Int]](repeating: [], count: channels)
    for index in 0..<found.codes.count {
      let channel = axis == nil ? 0 : (index / inner) % channels
      byChannel[channel].append(Int(found.codes[index]))
    }
    #expect(byChannel == expected)
  }
}

extension QuantizedType {
  /// As ONNX Runtime's tools spell it.
  init(onnxRuntime name: JSONValue) throws {
    switch name.string {
    case "QInt8": self = .qint8
    case "QUInt8": self = .quint8
    case "QInt4": self = .qint4
    case "QUInt4": self = .quint4
    default: self = try #require(nil, "unknown type \(name)")
    }
  }
}
