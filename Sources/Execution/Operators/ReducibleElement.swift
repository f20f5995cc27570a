internal import Glibc
internal import Tensors

/// Numbers that the slow reductions can sum up.
protocol ReducibleElement: TensorElement {
  static func reduce(
    _ first: UnsafePointer<Self>, count: Int, stride: Int, _ function: Reduction.Function
  ) -> Self
}

extension ReducibleElement where Self: BinaryFloatingPoint {
  /// Accumulates in double. Of nothing: 0, 1 for products, an infinity for extremes, NaN for means.
  static func reduce(
    _ first: UnsafePointer<Self>, count: Int, stride: Int, _ function: Reduction.Function
  ) -> Self {
    func fold(_ start: Double, _ next: (Double, Double) -> Double) -> Double {
      var result = start
      for index in 0..<count { result = next(result, Double(first[index * stride])) }
      return result
    }
    let value: Double =
      switch function {
      case .sum: fold(0, +)
      case .mean: fold(0, +) / Double(count)
      case .maximum: fold(-.infinity) { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }
      case .minimum: fold(.infinity) { $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1) }
      case .product: fold(1, *)
      case .sumOfSquares: fold(0) { $0 + $1 * $1 }
      case .l1: fold(0) { $0 + abs($1) }
      case .l2: fold(0) { $0 + $1 * $1 }.squareRoot()
      case .logSumExp: logSumExp(fold)
      }
    return Self(value)
  }

  private static func logSumExp(
    _ fold: (Double, (Double, Double) -> Double) -> Double
  ) -> Double {
    let largest = fold(-.infinity) { Swift.max($0, $1) }
    guard largest.isFinite else { return largest }
    return largest + log(fold(0) { $0 + exp($1 - largest) })
  }
}

extension Float: ReducibleElement {}
extension Double: ReducibleElement {}

extension ReducibleElement where Self: FixedWidthInteger & SignedInteger {
  /// Wraps on overflow; means divide towards zero.
  static func reduce(
    _ first: UnsafePointer<Self>, count: Int, stride: Int, _ function: Reduction.Function
  ) -> Self {
    func fold(_ start: Self, _ next: (Self, Self) -> Self) -> Self {
      var result = start
      for index in 0..<count { result = next(result, first[index * stride]) }
      return result
    }
    return switch function {
    case .sum: fold(0, &+)
    case .mean: count == 0 ? 0 : fold(0, &+) / Self(count)
    case .maximum: fold(.min) { Swift.max($0, $1) }
    case .minimum: fold(.max) { Swift.min($0, $1) }
    case .product: fold(1, &*)
    case .sumOfSquares: fold(0) { $0 &+ $1 &* $1 }
    case .l1: fold(0) { $0 &+ ($1 < 0 ? 0 &- $1 : $1) }
    case .l2, .logSumExp: preconditionFailure("\(function) of integers")
    }
  }
}

extension Int64: ReducibleElement {}
extension Int32: ReducibleElement {}
