/// What one calibration keeps about one edge: enough to answer every observer without the data.
///
/// Its size depends on the number of channels only, never on how much was seen. It is a value whose
/// arrays are shared until written, so a copy taken while calibration runs costs nothing. Batches may
/// have any shape; empty ones are skipped.
///
/// Not-a-number and infinities are counted and otherwise left out.
package struct TensorStatistics: Hashable, Sendable {
  package static let bins = 2048

  package internal(set) var batchCount = 0
  /// Finite values.
  package internal(set) var elementCount = 0
  package internal(set) var zeroCount = 0
  package internal(set) var nanCount = 0
  package internal(set) var positiveInfinityCount = 0
  package internal(set) var negativeInfinityCount = 0
  package internal(set) var sum = 0.0
  package internal(set) var sumOfSquares = 0.0
  /// `nil` without a channel axis, before the first batch, and after batches whose channels differ.
  package internal(set) var channels: ChannelRanges?
  /// Whether batches had different numbers of channels, so that per-channel ranges mean nothing.
  package internal(set) var channelsDiffer = false
  package internal(set) var movingAverage = MovingRange()
  package internal(set) var batchRanges = RangeCurve()
  /// PyTorch's histogram; also says where the finite values lie.
  package internal(set) var signed: TorchHistogram
  package internal(set) var absolute: AbsoluteHistogram
  let channelAxis: Int?

  /// - Parameters:
  ///   - channelAxis: the axis that per-channel parameters will name (1 for NCHW); `nil` keeps no
  ///     channels.
  ///   - bins: of both histograms; a power of two.
  package init(channelAxis: Int? = nil, bins: Int = TensorStatistics.bins) {
    self.channelAxis = channelAxis
    signed = TorchHistogram(bins: bins)
    absolute = AbsoluteHistogram(bins: bins)
  }

  /// Whether any finite value was seen.
  package var isObserved: Bool { elementCount > 0 }
  /// Of finite values; `nil` before the first.
  package var minimum: Float? { signed.isEmpty ? nil : signed.minimum }
  /// Of finite values; `nil` before the first.
  package var maximum: Float? { signed.isEmpty ? nil : signed.maximum }
  /// 0 before the first value.
  package var mean: Double { isObserved ? sum / Double(elementCount) : 0 }
  /// The mean of squares, which is the power of the signal; 0 before the first value.
  package var meanSquare: Double { isObserved ? sumOfSquares / Double(elementCount) : 0 }
  package var nonFiniteCount: Int { nanCount + positiveInfinityCount + negativeInfinityCount }
}

extension TensorStatistics {
  /// Adds one batch, allocating nothing that grows with it.
  ///
  /// Once the range has settled a batch is read once: it is counted while it is summarized, and only
  /// a batch that goes beyond the range is counted again.
  package mutating func observe(_ batch: BatchView, using kernels: some ObservationKernels) {
    guard !batch.values.isEmpty else { return }
    batchCount += 1
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: signed.bins + absolute.bins) { room in
      room.initialize(repeating: 0)
      let settled = signed.isEmpty ? nil : HistogramBins(signed.range, count: signed.bins)
      let isExpected = settled.map { $0.isExact && $0.lower == signed.minimum } ?? false
      let ahead = isExpected ? settled.map { counts(over: $0, in: room) } : nil
      let (extent, isCounted) = summarize(batch, expecting: ahead, using: kernels)
      if isCounted {
        signed.add(UnsafeBufferPointer(rebasing: room[..<signed.bins]), over: signed.range)
        absolute.add(UnsafeBufferPointer(rebasing: room[signed.bins...]))
      } else if let extent {
        addToHistograms(batch.values, extent: extent, room: room, using: kernels)
      }
    }
  }

  /// `room` as the counts of both histograms.
  private func counts(
    over bins: HistogramBins, in room: UnsafeMutableBufferPointer<UInt32>
  ) -> HistogramCounts {
    HistogramCounts(
      lower: bins.lower, upper: bins.upper,
      signed: UnsafeMutableBufferPointer(rebasing: room[..<signed.bins]),
      inverseWidth: absolute.inverseWidth,
      absolute: UnsafeMutableBufferPointer(rebasing: room[signed.bins...]))
  }

  /// The range of the batch's finite values, `nil` when it has none; and whether it was counted.
  private mutating func summarize(
    _ batch: BatchView, expecting ahead: HistogramCounts?, using kernels: some ObservationKernels
  ) -> (extent: ClosedRange<Float>?, isCounted: Bool) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * batch.channels) { scratch in
      let minima = UnsafeMutableBufferPointer(rebasing: scratch[..<batch.channels])
      let maxima = UnsafeMutableBufferPointer(rebasing: scratch[batch.channels...])
      let (summary, isCounted) =
        if let ahead {
          kernels.summarize(
            batch.values, outer: batch.outer, channels: batch.channels, inner: batch.inner,
            minima: minima, maxima: maxima, expecting: ahead)
        } else {
          (
            kernels.summarize(
              batch.values, outer: batch.outer, channels: batch.channels, inner: batch.inner,
              minima: minima, maxima: maxima), false
          )
        }
      count(summary, of: batch.values.count)
      return (
        addRanges(UnsafeBufferPointer(minima), UnsafeBufferPointer(maxima)), isCounted
      )
    }
  }

  private mutating func count(_ summary: BatchSummary, of total: Int) {
    let nonFinite =
      summary.nanCount + summary.positiveInfinityCount + summary.negativeInfinityCount
    elementCount += total - nonFinite
    zeroCount += summary.zeroCount
    nanCount += summary.nanCount
    positiveInfinityCount += summary.positiveInfinityCount
    negativeInfinityCount += summary.negativeInfinityCount
    sum += summary.sum
    sumOfSquares += summary.sumOfSquares
  }

  /// The range of the batch's finite values; `nil` when it has none.
  private mutating func addRanges(
    _ minima: UnsafeBufferPointer<Float>, _ maxima: UnsafeBufferPointer<Float>
  ) -> ClosedRange<Float>? {
    var low = Float.infinity
    var high = -Float.infinity
    for channel in minima.indices {
      low = min(low, minima[channel])
      high = max(high, maxima[channel])
    }
    guard low <= high else { return nil }
    batchRanges.append(minimum: low, maximum: high)
    movingAverage.add(low, high)
    addChannels(minima, maxima)
    return low...high
  }

  private mutating func addChannels(
    _ minima: UnsafeBufferPointer<Float>, _ maxima: UnsafeBufferPointer<Float>
  ) {
    guard let channelAxis, !channelsDiffer else { return }
    if channels == nil { channels = ChannelRanges(axis: channelAxis, count: minima.count) }
    guard channels?.count == minima.count else {
      channels = nil
      channelsDiffer = true
      return
    }
    channels?.add(minima: minima, maxima: maxima)
  }

  /// - Parameter room: zeros, for the counts of the batch.
  private mutating func addToHistograms(
    _ values: UnsafeBufferPointer<Float>, extent: ClosedRange<Float>,
    room: UnsafeMutableBufferPointer<UInt32>, using kernels: some ObservationKernels
  ) {
    let range = signed.union(extent)
    absolute.grow(toHold: max(abs(extent.lowerBound), abs(extent.upperBound)))
    let bins = HistogramBins(range, count: signed.bins)
    let counts = counts(over: bins, in: room)
    if bins.isExact {
      kernels.histograms(values, into: counts)
    } else {
      // Wider than float32 can subtract, or narrower than it can add one to: rare enough to go
      // value by value.
      for value in values where value.isFinite {
        if let index = bins.index(of: value) { counts.signed[index] += 1 }
        counts.absolute[min(Int(abs(value) * counts.inverseWidth), absolute.bins - 1)] += 1
      }
    }
    signed.add(UnsafeBufferPointer(counts.signed), over: range)
    absolute.add(UnsafeBufferPointer(counts.absolute))
  }

  /// Adds what another shard saw, as though its batches came after these.
  ///
  /// Counts, ranges and the absolute histogram come out exactly as from one run. The moving average
  /// agrees up to rounding. PyTorch's histogram keeps its total but spreads counts anew, as it does
  /// whenever a range grows.
  /// - Precondition: both were made with the same axis and bins.
  package mutating func merge(_ other: TensorStatistics) {
    precondition(channelAxis == other.channelAxis, "shards disagree on the channel axis")
    batchCount += other.batchCount
    elementCount += other.elementCount
    zeroCount += other.zeroCount
    nanCount += other.nanCount
    positiveInfinityCount += other.positiveInfinityCount
    negativeInfinityCount += other.negativeInfinityCount
    sum += other.sum
    sumOfSquares += other.sumOfSquares
    movingAverage.merge(other.movingAverage)
    batchRanges.append(other.batchRanges)
    signed.merge(other.signed)
    absolute.merge(other.absolute)
    mergeChannels(other)
  }

  private mutating func mergeChannels(_ other: TensorStatistics) {
    channelsDiffer = channelsDiffer || other.channelsDiffer
    if let mine = channels, let theirs = other.channels, mine.count != theirs.count {
      channelsDiffer = true
    }
    guard !channelsDiffer else {
      channels = nil
      return
    }
    guard let theirs = other.channels else { return }
    if channels == nil { channels = theirs } else { channels?.merge(theirs) }
  }
}
