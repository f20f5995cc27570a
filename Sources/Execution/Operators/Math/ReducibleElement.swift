internal import Glibc
internal import Tensors

/// Reducing a run of numbers to one.
extension NumericElement {
  static func reduce(
    _ first: UnsafePointer<Self>, count: Int, stride: Int, _ function: Reduction.Function
  ) -> Self {
    func fold(_ start: Self, _ next: (Self, Self) -> Self) -> Self {
      var result = start
      for index in 0..<count { result = next(result, first[index * stride]) }
      return result
    }
    // Integers wrap; reals are summed up in double and rounded once.
    let isExact = elementType.isInteger
    switch function {
    case .maximum: return fold(lowest) { apply(.maximum, $0, $1) }
    case .minimum: return fold(highest) { apply(.minimum, $0, $1) }
    case .sum where isExact: return fold(0) { apply(.add, $0, $1) }
    case .product where isExact: return fold(1) { apply(.multiply, $0, $1) }
    case .sumOfSquares where isExact:
      return fold(0) { apply(.add, $0, apply(.multiply, $1, $1)) }
    case .l1 where isExact: return fold(0) { apply(.add, $0, apply(.absolute, $1)) }
    case .mean where isExact:
      let sum = fold(0) { apply(.add, $0, $1) }
      return count == 0 ? 0 : apply(.divide, sum, Self(.integer(Int64(count))))
    default:
      return Self(.real(reduceReals(first, count: count, stride: stride, function)))
    }
  }

  /// Of nothing: 0, 1 for products, NaN for means, the logarithm of 0.
  private static func reduceReals(
    _ first: UnsafePointer<Self>, count: Int, stride: Int, _ function: Reduction.Function
  ) -> Double {
    func fold(_ start: Double, _ next: (Double, Double) -> Double) -> Double {
      var result = start
      for index in 0..<count { result = next(result, first[index * stride].number.real) }
      return result
    }
    switch function {
    case .sum: return fold(0, +)
    case .mean: return fold(0, +) / Double(count)
    case .product: return fold(1, *)
    case .sumOfSquares: return fold(0) { $0 + $1 * $1 }
    case .l1: return fold(0) { $0 + abs($1) }
    case .l2: return fold(0) { $0 + $1 * $1 }.squareRoot()
    case .logSum: return log(fold(0, +))
    case .logSumExp:
      let largest = fold(-.infinity) { Swift.max($0, $1) }
      guard largest.isFinite else { return fold(0, +).isNaN ? .nan : largest }
      return largest + log(fold(0) { $0 + exp($1 - largest) })
    case .maximum, .minimum: preconditionFailure("\(function) is exact")
    }
  }
}
