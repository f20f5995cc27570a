internal import Tensors

/// A polynomial in one value, spelled with Add, Sub, Mul, Div and Pow.
struct ScalarPolynomial {
  /// Of the powers from 0 on, without zeros behind the last.
  var coefficients: [Float]
  var nodes: [Node] = []

  static let largestDegree = 3

  fileprivate func combined(
    with other: ScalarPolynomial, _ node: Node, _ coefficients: [Float]
  ) -> ScalarPolynomial? {
    var trimmed = coefficients
    while trimmed.count > 1, trimmed.last == 0 { trimmed.removeLast() }
    guard trimmed.count <= Self.largestDegree + 1 else { return nil }
    return ScalarPolynomial(coefficients: trimmed, nodes: [node] + nodes + other.nodes)
  }

  fileprivate func sum(_ other: ScalarPolynomial, sign: Float) -> [Float] {
    (0..<max(coefficients.count, other.coefficients.count)).map { power in
      (power < coefficients.count ? coefficients[power] : 0)
        + sign * (power < other.coefficients.count ? other.coefficients[power] : 0)
    }
  }

  fileprivate func product(_ other: ScalarPolynomial) -> [Float] {
    var result = [Float](repeating: 0, count: coefficients.count + other.coefficients.count - 1)
    for (i, a) in coefficients.enumerated() {
      for (j, b) in other.coefficients.enumerated() { result[i + j] += a * b }
    }
    return result
  }
}

extension PatternMatcher {
  /// What `value` is as a polynomial in `source`, as far as nothing else uses the values between.
  func polynomial(endingIn value: String, of source: String) -> ScalarPolynomial? {
    if value == source { return ScalarPolynomial(coefficients: [0, 1]) }
    if let number = scalar(value) { return ScalarPolynomial(coefficients: [number]) }
    guard let node = inner(value, "Add", "Sub", "Mul", "Div", "Pow"), node.inputs.count == 2,
      let left = polynomial(endingIn: node.inputs[0], of: source)
    else { return nil }
    if node.is("Pow") {
      guard let exponent = number(node.inputs[1]), [2, 3].contains(exponent) else { return nil }
      let base = ScalarPolynomial(coefficients: left.coefficients)
      var power = base
      for _ in 1..<Int(exponent) { power.coefficients = power.product(base) }
      return left.combined(with: base, node, power.coefficients)
    }
    guard let right = polynomial(endingIn: node.inputs[1], of: source) else { return nil }
    switch node.operatorName.name {
    case "Add": return left.combined(with: right, node, left.sum(right, sign: 1))
    case "Sub": return left.combined(with: right, node, left.sum(right, sign: -1))
    case "Mul": return left.combined(with: right, node, left.product(right))
    default:
      guard right.coefficients.count == 1, right.coefficients[0] != 0 else { return nil }
      return left.combined(with: right, node, left.coefficients.map { $0 / right.coefficients[0] })
    }
  }
}
