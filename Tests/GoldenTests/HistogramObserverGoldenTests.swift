import Quantization
import Tensors
import Testing

@Suite(.golden("histogram_observer")) struct HistogramObserverGoldenTests {
  static let cases = GoldenSet.current.cases("histogram_observer")

  @Test(arguments: cases) func agrees(golden: GoldenSet.Case) throws {
    GoldenFamily.ran(golden)
    guard golden.kind == "torch_histogram_observer" else { return recordUnknownKind(golden) }
    let arguments = golden["args"]
    try #require(
      arguments["upsample_rate"].int ?? TorchHistogram.upsampleRate == TorchHistogram.upsampleRate)
    let batches = try GoldenSet.current.stream(try #require(golden["stream"].string))
    let fresh = HistogramObserver(
      bins: arguments["bins"].int ?? 2048, destinationBins: arguments["dst_nbins"].int ?? 256)
    try checkStates(golden, batches, fresh)
    var observer = fresh
    var failure: ObserverError?
    do throws(ObserverError) {
      for batch in batches { try observer.observe(batch.floats) }
    } catch {
      failure = error
    }
    guard failure == nil else {
      for entry in golden["configs"].array { #expect(entry["raises"].string != nil, "\(entry)") }
      return
    }
    let search = golden["search"]
    if search["raises"].string != nil {
      #expect(throws: ObserverError.self) { try observer.search() }
    } else if !search["new_min"].isNull {
      try expectSearch(observer, search, bins: observer.histogram.bins)
    }
    for entry in golden["configs"].array {
      try expectParameters(entry) { (configuration) throws(ObserverError) in
        try observer.parameters(for: configuration)
      }
    }
  }

  /// States after each batch, up to the first that PyTorch refused.
  private func checkStates(
    _ golden: GoldenSet.Case, _ batches: [Tensor], _ fresh: HistogramObserver
  ) throws {
    var observer = fresh
    for (state, batch) in zip(golden["state_after_batch"].array, batches) {
      if state["raises"].string != nil {
        #expect(throws: ObserverError.self) { try observer.observe(batch.floats) }
        return
      }
      try observer.observe(batch.floats)
      try expectState(observer.histogram, state)
    }
  }

  private func expectState(_ histogram: TorchHistogram, _ state: JSONValue) throws {
    let minimum = try #require(state["min_val"]["data"].floats.first)
    let maximum = try #require(state["max_val"]["data"].floats.first)
    #expect(same(histogram.minimum, minimum))
    #expect(same(histogram.maximum, maximum))
    #expect(histogram.counts.count { $0 != 0 } == state["nonzero_bins"].int)
    let total = try #require(state["histogram_sum"].double)
    #expect(abs(histogram.total - total) <= 1e-6 * abs(total))
    guard !state["histogram"].isNull else { return }
    let expected = try GoldenSet.current.tensor(state["histogram"]).floats
    let differing = zip(histogram.counts, expected).count { !same($0, $1) }
    #expect(differing == 0, "\(differing) bins differ")
  }

  private func expectSearch(
    _ observer: HistogramObserver, _ expected: JSONValue, bins: Int
  ) throws {
    let found = try observer.search()
    #expect(same(found.lower, try #require(expected["new_min"].float)))
    #expect(same(found.upper, try #require(expected["new_max"].float)))
    let histogram = observer.histogram
    // The bins were recovered from the range, which needs bins wider than the range's rounding.
    let spacing = max(histogram.minimum.ulp, histogram.maximum.ulp)
    if let start = expected["start_bin"].int, let end = expected["end_bin"].int,
      histogram.binWidth > 64 * spacing
    {
      #expect(found.bins == start...end)
    }
    if let error = expected["final_error"].double, found.error.isFinite {
      #expect(abs(found.error - error) <= 1e-4 * abs(error) + 1e-30)
    }
    if let error = expected["full_range_error"].double {
      let whole = try HistogramSearch(histogram).fullRangeError
      #expect(abs(whole - error) <= 1e-4 * abs(error) + 1e-30)
    }
  }
}
