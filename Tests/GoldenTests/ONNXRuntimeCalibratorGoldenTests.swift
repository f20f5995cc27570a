import Quantization
import Tensors
import Testing

@Suite(.golden("ort_calibrators")) struct ONNXRuntimeCalibratorGoldenTests {
  static let cases = GoldenSet.current.cases("ort_calibrators")

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    guard golden.kind == "ort_calibrator" else { return recordUnknownKind(golden) }
    let calls = try calls(golden)
    var observer = try observer(golden)
    if golden["raises"].string != nil {
      #expect(throws: ObserverError.self) {
        for call in calls { try observer.collect(call) }
        _ = try observer.range()
      }
      return
    }
    for call in calls { try observer.collect(call) }
    let range = try observer.range()
    #expect(same(range.lowest, golden["lowest"].numbers), "\(range)")
    #expect(same(range.highest, golden["highest"].numbers), "\(range)")
    try expectHistogram(golden, observer)
    if let distribution = observer as? ONNXRuntimeDistributionObserver {
      try expectMoments(golden, distribution)
    }
    for expected in golden["qparams"].array { try expectParameters(expected, range) }
  }

  /// Exact, but for third roots: their last bits depend on NumPy's vector instructions. Where all
  /// values are equal, those bits are all of the deviation, or make its square negative.
  private func expectMoments(
    _ golden: GoldenSet.Case, _ distribution: ONNXRuntimeDistributionObserver
  ) throws {
    let found = try distribution.moments()
    let mean = try #require(golden["avg"].float)
    let deviation = try #require(golden["std"].float)
    guard distribution.usesThirdRoots else {
      #expect(same(found.mean, mean))
      #expect(same(found.deviation, deviation))
      return
    }
    let slack = 1e-3 * Float.maximum(abs(mean), abs(deviation))
    #expect(same(found.mean, mean) || abs(found.mean - mean) <= slack)
    #expect(
      same(found.deviation, deviation)
        || abs(Float.maximum(found.deviation, 0) - Float.maximum(deviation, 0)) <= slack)
  }

  private func calls(_ golden: GoldenSet.Case) throws -> [[Tensor]] {
    let batches = try GoldenSet.current.stream(try #require(golden["stream"].string))
    switch golden["collect_mode"].string {
    case "one_call": return [batches]
    case "call_per_batch": return batches.map { [$0] }
    case let mode: return try #require(nil, "unknown collect_mode \(mode ?? "none")")
    }
  }

  private func observer(_ golden: GoldenSet.Case) throws -> any ONNXRuntimeObserver {
    let options = golden["options"]
    let bins = options["num_bins"].int
    switch golden["method"].string {
    case "MinMax":
      var chosen = ONNXRuntimeMinMaxObserver.Options()
      chosen.isSymmetric = options["symmetric"].bool ?? false
      chosen.isMovingAverage = options["moving_average"].bool ?? false
      chosen.averagingConstant = options["averaging_constant"].float ?? 0.01
      chosen.isPerChannel = options["per_channel"].bool ?? false
      chosen.maximumBatches = options["max_intermediate_outputs"].int
      return ONNXRuntimeMinMaxObserver(chosen)
    case "Entropy":
      return ONNXRuntimeEntropyObserver(
        bins: bins ?? 128, quantizedBins: options["num_quantized_bins"].int ?? 128)
    case "Percentile":
      return ONNXRuntimePercentileObserver(
        percentile: options["percentile"].double ?? 99.999, bins: bins ?? 2048,
        isSymmetric: options["symmetric"].bool ?? true)
    case "Distribution":
      return ONNXRuntimeDistributionObserver(
        bins: bins ?? 2048, usesThirdRoots: options["scenario"].string == "p3")
    case let name: return try #require(nil, "unknown method \(name ?? "none")")
    }
  }

  private func expectHistogram(
    _ golden: GoldenSet.Case, _ observer: any ONNXRuntimeObserver
  ) throws {
    let sparse = golden["histogram_counts_sparse"]
    guard !sparse.isNull else { return }
    let found: (histogram: (counts: [Int], edges: [Float])?, observed: (Float, Float)?) =
      switch observer {
      case let observer as ONNXRuntimeEntropyObserver: (observer.histogram, observer.observed)
      case let observer as ONNXRuntimePercentileObserver: (observer.histogram, observer.observed)
      case let observer as ONNXRuntimeDistributionObserver: (observer.histogram, observer.observed)
      default: (nil, nil)
      }
    let histogram = try #require(found.histogram)
    var counts = [Int](repeating: 0, count: try #require(sparse["num_bins"].int))
    for (index, count) in zip(sparse["index"].array, sparse["count"].array) {
      counts[try #require(index.int)] = try #require(count.int)
    }
    #expect(histogram.counts.count == counts.count)
    #expect(zip(histogram.counts, counts).allSatisfy(==), "counts differ")
    #expect(same(histogram.edges.first ?? .nan, golden["histogram_first_edge"].float ?? .nan))
    #expect(same(histogram.edges.last ?? .nan, golden["histogram_last_edge"].float ?? .nan))
    if !golden["histogram_edges"].isNull {
      let edges = try GoldenSet.current.tensor(golden["histogram_edges"]).floats
      #expect(same(histogram.edges, edges), "edges differ")
    }
    let observed = try #require(found.observed)
    if let minimum = golden["observed_min"].float { #expect(same(observed.0, minimum)) }
    if let maximum = golden["observed_max"].float { #expect(same(observed.1, maximum)) }
  }

  private func expectParameters(_ expected: JSONValue, _ range: CalibratedRange) throws {
    let rule = ONNXRuntimeParameterRule(
      lowest: Int32(try #require(expected["quant_min"].int)),
      highest: Int32(try #require(expected["quant_max"].int)))
    let scales = expected["scale"].numbers
    let zeroPoints = expected["zero_point"].numbers
    try #require(scales.count == range.lowest.count && zeroPoints.count == scales.count)
    for (channel, (low, high)) in zip(range.lowest, range.highest).enumerated() {
      let found = rule.parameters(
        lower: low, upper: high,
        symmetry: expected["symmetric"].bool == true ? .symmetric : .affine)
      #expect(same(found.scale, scales[channel]))
      if low.isFinite, high.isFinite { #expect(Float(found.zeroPoint) == zeroPoints[channel]) }
    }
  }
}
