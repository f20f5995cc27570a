import Tensors

/// What the values of one input look like, as the model would be fed.
package struct InputSummary: Codable, Hashable, Sendable {
  package let name: String
  /// Values looked at, with those that are not finite.
  package private(set) var valueCount = 0
  package private(set) var nanCount = 0
  package private(set) var infinityCount = 0
  /// Of the finite values; 0 when there are none.
  package private(set) var minimum = 0.0
  package private(set) var maximum = 0.0
  package private(set) var mean = 0.0
  package private(set) var standardDeviation = 0.0
  /// Whether every finite value is a whole number.
  package private(set) var isWhole = true
  /// Mean and deviation of each channel of an image; empty for other inputs.
  package private(set) var channelMeans: [Double] = []
  package private(set) var channelDeviations: [Double] = []

  package var finiteCount: Int { valueCount - nanCount - infinityCount }

  /// `channelAxis`: the axis whose positions are also looked at one by one.
  init(name: String, tensors: [Tensor], channelAxis: Int?) {
    self.name = name
    var whole = Moments()
    var channels: [Moments] = []
    for tensor in tensors {
      guard let values = NumericValues(tensor)?.reals else { continue }
      valueCount += values.count
      let inner = channelAxis.map { tensor.shape.strides[$0] } ?? 1
      let extent = channelAxis.map { tensor.shape[$0] } ?? 0
      if channels.count < extent {
        channels += Array(repeating: Moments(), count: extent - channels.count)
      }
      for (index, value) in values.enumerated() {
        guard value.isFinite else {
          if value.isNaN { nanCount += 1 } else { infinityCount += 1 }
          continue
        }
        whole.add(value)
        if extent > 0 { channels[index / inner % extent].add(value) }
      }
    }
    guard whole.count > 0 else { return }
    (minimum, maximum, isWhole) = (whole.minimum, whole.maximum, whole.isWhole)
    (mean, standardDeviation) = (whole.mean, whole.deviation)
    channelMeans = channels.map(\.mean)
    channelDeviations = channels.map(\.deviation)
  }

  /// Welford's running mean and variance.
  private struct Moments {
    var count = 0
    var mean = 0.0
    private var squares = 0.0
    var minimum = Double.infinity
    var maximum = -Double.infinity
    var isWhole = true

    var deviation: Double { count > 0 ? (squares / Double(count)).squareRoot() : 0 }

    mutating func add(_ value: Double) {
      count += 1
      let step = value - mean
      mean += step / Double(count)
      squares += step * (value - mean)
      minimum = min(minimum, value)
      maximum = max(maximum, value)
      if isWhole && value.rounded() != value { isWhole = false }
    }
  }
}
