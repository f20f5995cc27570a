package import Tensors

/// The order in which a value's elements lie in memory.
package enum Layout: Sendable, Hashable {
  /// The last axis varies fastest.
  case rowMajor
  /// Of an `[n, c, spatial…]` value of rank 3 or 4: `n`, `spatial…`, `c`; channels vary fastest.
  case channelsLast

  /// For each dimension in memory, outermost first, the axis it comes from.
  package func axes(rank: Int) -> [Int] {
    switch self {
    case .rowMajor: Array(0..<rank)
    case .channelsLast: [0] + Array(2..<rank) + [1]
    }
  }

  /// The dimensions as memory has them, outermost first.
  package func memoryShape(of shape: Shape) -> Shape {
    self == .rowMajor ? shape : Shape(axes(rank: shape.rank).map { shape[$0] })
  }

  /// Where axis `axis` comes in memory.
  package func memoryAxis(_ axis: Int, rank: Int) -> Int {
    guard self == .channelsLast, axis > 0 else { return axis }
    return axis == 1 ? rank - 1 : axis - 1
  }

  package static func supportsChannelsLast(rank: Int) -> Bool { rank == 3 || rank == 4 }

  /// Whether both layouts are the same bytes: one channel, or one position per image.
  package static func coincide(for shape: Shape) -> Bool {
    guard supportsChannelsLast(rank: shape.rank) else { return true }
    return shape[1] == 1 || shape.dimensions[2...].allSatisfy { $0 == 1 }
      || shape.elementCount == 0
  }
}
