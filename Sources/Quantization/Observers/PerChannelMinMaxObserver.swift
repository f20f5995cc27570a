package import Tensors

/// PyTorch's PerChannelMinMaxObserver: the running minimum and maximum of every channel.
package struct PerChannelMinMaxObserver: Hashable, Sendable {
  /// Which dimension holds the channels; negative counts from the back.
  package let axis: Int
  /// One element per channel; empty before the first value.
  package private(set) var minima: [Float] = []
  package private(set) var maxima: [Float] = []

  package init(axis: Int = 0) { self.axis = axis }

  /// Adds one batch; an empty one is ignored.
  package mutating func observe(_ values: [Float], shape: Shape) throws(ObserverError) {
    guard let batch = try ChannelExtents(values, shape: shape, axis: axis) else { return }
    guard !minima.isEmpty else {
      minima = batch.minima
      maxima = batch.maxima
      return
    }
    try batch.check(channels: minima.count)
    for channel in minima.indices {
      minima[channel] = propagatingMinimum(minima[channel], batch.minima[channel])
      maxima[channel] = propagatingMaximum(maxima[channel], batch.maxima[channel])
    }
  }

  package func parameters(
    for configuration: ObserverConfiguration
  ) throws(ObserverError) -> ObservedParameters {
    guard !configuration.scheme.isPerTensor else { throw .schemeMismatch(configuration.scheme) }
    try configuration.refuseReducedSymmetricUnsigned()
    return try configuration.parameters(minima: minima, maxima: maxima)
  }
}

/// The range of every channel of one batch.
struct ChannelExtents {
  var minima: [Float]
  var maxima: [Float]

  /// `nil` for an empty batch.
  init?(_ values: [Float], shape: Shape, axis: Int) throws(ObserverError) {
    precondition(values.count == shape.elementCount, "\(values.count) values for \(shape)")
    guard !values.isEmpty else { return nil }
    guard let axis = shape.resolved(axis: axis) else { throw .badAxis(axis, rank: shape.rank) }
    guard shape.rank > 1 else { throw .oneDimensional }
    let channels = shape[axis]
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    minima = Array(repeating: .infinity, count: channels)
    maxima = Array(repeating: -.infinity, count: channels)
    for row in 0..<(values.count / inner) {
      let channel = row % channels
      let first = row * inner
      for value in values[first..<(first + inner)] {
        minima[channel] = propagatingMinimum(minima[channel], value)
        maxima[channel] = propagatingMaximum(maxima[channel], value)
      }
    }
  }

  func check(channels: Int) throws(ObserverError) {
    guard minima.count == channels else {
      throw .channelCount(expected: channels, found: minima.count)
    }
  }
}
