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
    var channels = [Moments()]
    for tensor in tensors {
      guard let values = NumericValues(tensor)?.reals, !values.isEmpty else { continue }
      valueCount += values.count
      let extent = channelAxis.map { tensor.shape[$0] } ?? 1
      let inner = channelAxis.map { tensor.shape.strides[$0] } ?? values.count
      if channels.count < extent {
        channels += Array(repeating: Moments(), count: extent - channels.count)
      }
      for channel in 0..<extent {
        channels[channel].add(values, channel: channel, of: extent, inner: inner)
      }
    }
    var whole = Moments()
    for channel in channels {
      whole.merge(channel)
      nanCount += channel.nanCount
      infinityCount += channel.infinityCount
    }
    guard whole.count > 0 else { return }
    (minimum, maximum, isWhole) = (whole.minimum, whole.maximum, whole.isWhole)
    (mean, standardDeviation) = (whole.mean, whole.deviation)
    guard channelAxis != nil else { return }
    channelMeans = channels.map(\.mean)
    channelDeviations = channels.map(\.deviation)
  }

  /// Mean and variance, piece by piece.
  private struct Moments {
    private(set) var count = 0
    private(set) var mean = 0.0
    /// Of differences from the mean.
    private var squares = 0.0
    private(set) var minimum = Double.infinity
    private(set) var maximum = -Double.infinity
    private(set) var isWhole = true
    private(set) var nanCount = 0
    private(set) var infinityCount = 0

    var deviation: Double { count > 0 ? (squares / Double(count)).squareRoot() : 0 }

    /// Adds the values of one channel, `[outer, extent, inner]`.
    mutating func add(_ values: [Double], channel: Int, of extent: Int, inner: Int) {
      var piece = Moments()
      values.withUnsafeBufferPointer { values in
        func each(_ body: (Double) -> Void) {
          for first in stride(from: channel * inner, to: values.count, by: extent * inner) {
            for index in first..<first + inner { body(values[index]) }
          }
        }
        var sum = 0.0
        each { value in
          guard value.isFinite else {
            if value.isNaN { piece.nanCount += 1 } else { piece.infinityCount += 1 }
            return
          }
          piece.count += 1
          sum += value
          piece.minimum = min(piece.minimum, value)
          piece.maximum = max(piece.maximum, value)
          if piece.isWhole && value.rounded() != value { piece.isWhole = false }
        }
        guard piece.count > 0 else { return }
        let mean = sum / Double(piece.count)
        piece.mean = mean
        each { value in
          if value.isFinite { piece.squares += (value - mean) * (value - mean) }
        }
      }
      nanCount += piece.nanCount
      infinityCount += piece.infinityCount
      merge(piece)
    }

    /// Adds what is finite elsewhere (Chan, Golub and LeVeque 1979).
    mutating func merge(_ other: Moments) {
      guard other.count > 0 else { return }
      let total = Double(count + other.count)
      let step = other.mean - mean
      squares += other.squares + step * step * Double(count) * Double(other.count) / total
      mean += step * Double(other.count) / total
      count += other.count
      minimum = min(minimum, other.minimum)
      maximum = max(maximum, other.maximum)
      isWhole = isWhole && other.isWhole
    }
  }
}
