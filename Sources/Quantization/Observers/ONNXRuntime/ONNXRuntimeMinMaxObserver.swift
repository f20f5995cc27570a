package import Tensors

/// ONNX Runtime's MinMaxCalibrater: the range of everything seen, or an average of batch ranges.
///
/// A moving average is the plain mean of the batch ranges inside one call; only from call to call is
/// it `old + constant * (new - old)`.
package struct ONNXRuntimeMinMaxObserver: ONNXRuntimeObserver, Hashable {
  package struct Options: Hashable, Sendable {
    /// The range reaches as far below zero as above.
    package var isSymmetric = false
    package var isMovingAverage = false
    package var averagingConstant: Float = 0.01
    /// A range for each slice along axis 1.
    package var isPerChannel = false
    /// After so many batches of a call ONNX Runtime forgets them, ranges included; `nil` keeps all.
    package var maximumBatches: Int?
    package init() {}
  }

  package let options: Options
  private var current: CalibratedRange?

  package init(_ options: Options = Options()) { self.options = options }

  package mutating func collect(_ batches: [Tensor]) throws(ObserverError) {
    var kept: [CalibratedRange] = []
    for batch in batches {
      kept.append(extents(of: batch))
      if kept.count == options.maximumBatches { kept.removeAll() }
    }
    guard !kept.isEmpty else {
      if current == nil { throw .noBatches }
      return
    }
    let update = try joined(kept)
    guard let old = current else {
      current = update
      return
    }
    current = CalibratedRange(
      lowest: zip(old.lowest, update.lowest).map {
        options.isMovingAverage ? $0 + options.averagingConstant * ($1 - $0) : min($0, $1)
      },
      highest: zip(old.highest, update.highest).map {
        options.isMovingAverage ? $0 + options.averagingConstant * ($1 - $0) : max($0, $1)
      })
  }

  package func range() throws(ObserverError) -> CalibratedRange {
    guard let current else { throw .noBatches }
    return current
  }

  private func extents(of batch: Tensor) -> CalibratedRange {
    let values = batch.floats
    guard options.isPerChannel, batch.shape.rank > 1, !values.isEmpty else {
      let (low, high) = numberExtent(of: values)
      return CalibratedRange(lowest: [low], highest: [high])
    }
    let channels = batch.shape[1]
    let inner = batch.shape.dimensions[2...].reduce(1, *)
    var result = CalibratedRange(
      lowest: Array(repeating: .nan, count: channels),
      highest: Array(repeating: .nan, count: channels))
    // Swift's static minimum and maximum take the number where one of the two is not one.
    for (index, value) in values.enumerated() {
      let channel = index / inner % channels
      result.lowest[channel] = .minimum(result.lowest[channel], value)
      result.highest[channel] = .maximum(result.highest[channel], value)
    }
    return result
  }

  /// The ranges of one call's batches as one.
  private func joined(_ batches: [CalibratedRange]) throws(ObserverError) -> CalibratedRange {
    let channels = batches[0].lowest.count
    for batch in batches where batch.lowest.count != channels {
      throw .channelCount(expected: channels, found: batch.lowest.count)
    }
    var result = CalibratedRange(lowest: [], highest: [])
    for channel in 0..<channels {
      let lows = batches.map { $0.lowest[channel] }
      let highs = batches.map { $0.highest[channel] }
      if options.isMovingAverage {
        result.lowest.append(mean(lows, isAlone: channels == 1))
        result.highest.append(mean(highs, isAlone: channels == 1))
      } else {
        result.lowest.append(lows.reduce(.nan) { .minimum($0, $1) })
        result.highest.append(highs.reduce(.nan) { .maximum($0, $1) })
      }
    }
    guard options.isSymmetric else { return result }
    let bounds = zip(result.lowest, result.highest).map { Float.maximum(abs($0), abs($1)) }
    return CalibratedRange(lowest: bounds.map { -$0 }, highest: bounds)
  }

  /// NumPy's `nanmean`, which adds up a single column pairwise and several columns row by row.
  private func mean(_ values: [Float], isAlone: Bool) -> Float {
    let numbers = values.map { $0.isNaN ? 0 : $0 }
    let sum = isAlone ? pairwiseSum(numbers) : numbers.reduce(0, +)
    return Float(Double(sum) / Double(values.count { !$0.isNaN }))
  }
}
