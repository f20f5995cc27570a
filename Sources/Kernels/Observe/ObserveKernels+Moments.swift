internal import CKernels

/// Sums over the finite values of some data.
package struct ValueMoments: Hashable, Sendable {
  package var sum = 0.0
  package var sumOfSquares = 0.0
  /// Of either sign.
  package var zeroCount = 0
}

extension ObserveKernels {
  /// What mean and power are worked out from.
  ///
  /// Pieces of fixed size are added up in order, so the number of threads does not show.
  package func moments(
    _ values: UnsafePointer<Float>, count: Int, pool: ThreadPool
  ) -> ValueMoments {
    let kernel = kern_moments_f32_for(isa.kernelIsa)
    let pieces = (count + Self.grain - 1) / Self.grain
    return withUnsafeTemporaryAllocation(of: kern_moments.self, capacity: max(pieces, 1)) {
      moments in
      moments.initialize(repeating: kern_moments())
      pool.parallel(pieces) { range in
        for piece in range {
          let first = piece * Self.grain
          kernel(values + first, min(Self.grain, count - first), &moments[piece])
        }
      }
      return moments[..<pieces].reduce(into: ValueMoments()) { total, piece in
        total.sum += piece.sum
        total.sumOfSquares += piece.squares
        total.zeroCount += Int(piece.zero_count)
      }
    }
  }
}
