internal import CKernels

/// Sums over pairs of a reference x and a test y, in double.
package struct ErrorSums: Hashable, Sendable {
  /// Sum of `x * x`.
  package var referenceSquares = 0.0
  /// Sum of `(x - y) * (x - y)`.
  package var errorSquares = 0.0
  /// Sum of `x * y`.
  package var products = 0.0
  /// Sum of `y * y`.
  package var testSquares = 0.0
  /// Largest `|x - y|` that is a number.
  package var largestError = 0.0
  package var count = 0

  package init() {}

  package mutating func merge(_ other: ErrorSums) {
    referenceSquares += other.referenceSquares
    errorSquares += other.errorSquares
    products += other.products
    testSquares += other.testSquares
    largestError = max(largestError, other.largestError)
    count += other.count
  }
}

extension ObserveKernels {
  /// The sums that errors are worked out from: mean squared error, SQNR, cosine.
  ///
  /// Pieces of fixed size are added up in order, so the number of threads does not show.
  package func errorSums(
    reference: UnsafePointer<Float>, test: UnsafePointer<Float>, count: Int, pool: ThreadPool
  ) -> ErrorSums {
    let kernel = table.error_sums_f32
    let pieces = (count + Self.grain - 1) / Self.grain
    return withUnsafeTemporaryAllocation(of: kern_error_sums.self, capacity: max(pieces, 1)) {
      sums in
      sums.initialize(repeating: kern_error_sums())
      pool.parallel(pieces) { range in
        for piece in range {
          let first = piece * Self.grain
          kernel(
            reference + first, test + first, min(Self.grain, count - first), &sums[piece])
        }
      }
      return sums.reduce(into: ErrorSums()) { total, piece in
        total.referenceSquares += piece.reference_squares
        total.errorSquares += piece.error_squares
        total.products += piece.products
        total.testSquares += piece.test_squares
        total.largestError = max(total.largestError, piece.largest_error)
        total.count = count
      }
    }
  }
}
