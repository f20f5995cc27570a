import Foundation

/// How far a tensor lies from its reference, gathered piece by piece and across shards.
///
/// Sums are kept in double precision. Pairs where either value is not finite are counted and left
/// out.
package struct ErrorSums: Hashable, Sendable, Codable {
  /// Finite pairs.
  package private(set) var count = 0
  package private(set) var nonFiniteCount = 0
  package private(set) var referenceSquares = 0.0
  package private(set) var testSquares = 0.0
  package private(set) var products = 0.0
  package private(set) var errorSquares = 0.0
  package private(set) var largestError: Float = 0

  package init() {}

  /// Sums that a kernel took.
  package init(
    count: Int, nonFiniteCount: Int = 0, referenceSquares: Double, testSquares: Double,
    products: Double, errorSquares: Double, largestError: Float
  ) {
    self.count = count
    self.nonFiniteCount = nonFiniteCount
    self.referenceSquares = referenceSquares
    self.testSquares = testSquares
    self.products = products
    self.errorSquares = errorSquares
    self.largestError = largestError
  }

  /// - Precondition: both have the same count.
  package mutating func add(
    reference: UnsafeBufferPointer<Float>, test: UnsafeBufferPointer<Float>
  ) {
    precondition(reference.count == test.count, "\(reference.count) against \(test.count) values")
    for index in reference.indices {
      let x = Double(reference[index])
      let y = Double(test[index])
      guard x.isFinite, y.isFinite else {
        nonFiniteCount += 1
        continue
      }
      count += 1
      referenceSquares += x * x
      testSquares += y * y
      products += x * y
      errorSquares += (x - y) * (x - y)
      largestError = max(largestError, Float(abs(x - y)))
    }
  }

  package mutating func merge(_ other: ErrorSums) {
    count += other.count
    nonFiniteCount += other.nonFiniteCount
    referenceSquares += other.referenceSquares
    testSquares += other.testSquares
    products += other.products
    errorSquares += other.errorSquares
    largestError = max(largestError, other.largestError)
  }

  /// `20 log10(|x| / |x - y|)` in decibels, PyTorch's way.
  package var sqnr: Double { sqnr(.torch) }

  /// The same with a library's treatment of tensors that are equal or zero.
  package func sqnr(_ profile: MetricProfile) -> Double {
    switch profile {
    case .torch:
      guard referenceSquares > 0 || errorSquares > 0 else { return .nan }
      return 10 * log10(referenceSquares / errorSquares)
    case .ort:
      let signal = max(referenceSquares.squareRoot(), MetricProfile.leastNorm)
      let noise = max(errorSquares.squareRoot(), MetricProfile.leastNorm)
      return 20 * log10(signal / noise)
    }
  }

  /// `|x - y| / |x|`, PyTorch's normalised L2 error; NaN where both are zero.
  package var normalizedError: Double { (errorSquares / referenceSquares).squareRoot() }

  /// `x · y / (|x| |y|)`, with norms of at least 1e-8 as in PyTorch.
  package var cosine: Double {
    products / (max(referenceSquares.squareRoot(), 1e-8) * max(testSquares.squareRoot(), 1e-8))
  }

  /// 0 without values.
  package var meanSquaredError: Double { count > 0 ? errorSquares / Double(count) : 0 }
}
