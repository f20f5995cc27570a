import Foundation
import Testing

@testable import Kernels

@Suite struct FloatActivationTests {
  /// Every function, its definition in double precision and the range of its results.
  static let functions: [(FloatActivation, @Sendable (Double) -> Double)] = [
    (.none, { $0 }),
    (.clamp(low: -0.5, high: 0.75), { min(max($0, -0.5), 0.75) }),
    (.leakyRelu(slope: 0.125), { $0 < 0 ? 0.125 * $0 : $0 }),
    (.hardSigmoid(alpha: 0.25, beta: 0.5), { max(0, min(1, 0.25 * $0 + 0.5)) }),
    (.hardSwish, { $0 * max(0, min(1, $0 / 6 + 0.5)) }),
    (
      .hardSwishAffine(scale: -0.5, offset: 0.25),
      { 0.25 - 0.5 * $0 * max(0, min(1, $0 / 6 + 0.5)) }
    ),
    (.sigmoid, { 1 / (1 + exp(-$0)) }),
    (.silu, { $0 / (1 + exp(-$0)) }),
    (.tanh, { tanh($0) }),
    (.gelu, { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }),
    (
      .geluTanh,
      { x in 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) }
    ),
    (.elu(alpha: 1.5), { $0 < 0 ? 1.5 * expm1($0) : $0 }),
    (.softplus, { max($0, 0) + log1p(exp(-abs($0))) }),
    (.mish, { $0 * tanh(max($0, 0) + log1p(exp(-abs($0)))) }),
    (.exp, { exp($0) }),
    (.log, { log($0) }),
    (.sqrt, { $0.squareRoot() }),
    (.reciprocal, { 1 / $0 }),
    (.erf, { erf($0) }),
    (.negate, { -$0 }),
    (.absolute, { abs($0) }),
    (.floor, { $0.rounded(.down) }),
    (.ceil, { $0.rounded(.up) }),
    (.round, { $0.rounded(.toNearestOrEven) }),
    (.affine(scale: 0.5, offset: 0.25), { 0.5 * $0 + 0.25 }),
    (.square, { $0 * $0 }),
    (.sign, { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }),
    (.softsign, { $0 / (1 + abs($0)) }),
    (.thresholded(above: 0.75), { $0 > 0.75 ? $0 : 0 }),
  ]

  static func apply(
    _ function: FloatActivation, _ values: [Float], isa: InstructionSet, threads: Int = 1
  ) -> [Float] {
    let from = GuardedBuffer(values)
    let to = GuardedBuffer<Float>(count: values.count, repeating: .nan)
    function.apply(
      from.base, into: to.base, count: values.count, isa: isa, pool: ThreadPool(threads: threads))
    return to.array
  }

  /// Dense around zero, sparse to the largest numbers; halves for rounding.
  static let samples: [Float] = {
    var samples: [Float] = (-4_000...4_000).map { Float($0) / 256 }
    for integer in -40...40 { samples += [Float(integer) + 0.5, Float(integer) * 2.75] }
    for exponent in -45...38 {
      let size = Float(pow(10, Double(exponent)))
      samples += [size, -size, 3.25 * size]
    }
    return samples + [88.5, 88.8, -87.2, -87.5, -103, -104.5]
  }()

  @Test(arguments: InstructionSet.available, functions.indices)
  func functionsAgreeWithTheirDefinitions(isa: InstructionSet, index: Int) {
    let (function, definition) = Self.functions[index]
    let results = Self.apply(function, Self.samples, isa: isa)
    for (x, result) in zip(Self.samples, results) {
      let expected = definition(Double(x))
      let rounded = Float(expected)
      if result == rounded || (result.isNaN && rounded.isNaN) { continue }
      // Sums of large terms cancel in some definitions, so that the argument counts as well.
      let bound = max(4 * Double(rounded.ulp), 1e-6 * min(1, max(abs(Double(x)), 1e-30)))
      let isClose = abs(Double(result) - expected) <= bound
      #expect(isClose, "\(function)(\(x)) on \(isa) is \(result), not \(expected)")
    }
  }

  @Test(arguments: InstructionSet.available)
  func specialValuesKeepTheirMeaning(isa: InstructionSet) {
    let values: [Float] = [.nan, .infinity, -.infinity, 0, -0.0]
    for (function, definition) in Self.functions {
      // The limits below are those of the formula; these products are 0 times infinity.
      if [.silu, .gelu, .geluTanh, .mish, .hardSwish].contains(function) { continue }
      if case .hardSwishAffine = function { continue }
      let results = Self.apply(function, values, isa: isa)
      for (x, result) in zip(values, results) {
        let expected = Float(definition(Double(x)))
        let isSame = result == expected || (result.isNaN && (expected.isNaN || x.isNaN))
        #expect(isSame, "\(function)(\(x)) on \(isa) is \(result), not \(expected)")
      }
    }
  }

  @Test(arguments: InstructionSet.available, [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 20_000])
  func everyCountStaysInsideItsBuffer(isa: InstructionSet, count: Int) {
    let values = testValues(count)
    for (function, _) in Self.functions {
      let whole = Self.apply(function, values, isa: isa, threads: 3)
      let alone = values.prefix(20).map { Self.apply(function, [$0], isa: isa)[0] }
      #expect(zip(whole, alone).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }, "\(function)")
    }
  }

  @Test(arguments: InstructionSet.available, [1, 2, 7, 8, 9, 15, 16, 17, 33, 64, 1_000])
  func softmaxSumsToOne(isa: InstructionSet, columns: Int) {
    let rows = 11
    let input = testValues(rows * columns).map { $0 * 20 + 100 }
    for logarithm in [false, true] {
      let from = GuardedBuffer(input)
      let to = GuardedBuffer<Float>(count: input.count, repeating: .nan)
      SoftmaxFloat.run(
        from.base, into: to.base, rows: rows, columns: columns, logarithm: logarithm, isa: isa,
        pool: ThreadPool(threads: 2))
      let expected = (0..<rows).flatMap { row -> [Float] in
        let values = input[row * columns..<(row + 1) * columns].map { Double($0) }
        let largest = values.max() ?? 0
        let sum = values.reduce(0) { $0 + exp($1 - largest) }
        return values.map { Float(logarithm ? $0 - largest - log(sum) : exp($0 - largest) / sum) }
      }
      #expect(agree(to.array, expected, tolerance: 2e-6))
    }
  }

  @Test(arguments: InstructionSet.available, [3, 20, 70])
  func maskedValuesHaveNoShareInASoftmax(isa: InstructionSet, columns: Int) {
    for mask: Float in [-.infinity, -1e9, -100] {
      let values = (0..<columns).map { $0 % 3 == 1 ? mask : 2 }
      let output = GuardedBuffer<Float>(count: columns, repeating: .nan)
      SoftmaxFloat.run(
        values, into: output.base, rows: 1, columns: columns, isa: isa,
        pool: ThreadPool(threads: 1))
      let share = 1 / Float(values.count { $0 == 2 })
      #expect(agree(output.array, values.map { $0 == 2 ? share : 0 }, tolerance: 1e-6), "\(isa)")
    }
  }

  @Test(arguments: InstructionSet.available, [5, 17, 40])
  func theLargestNumbersHaveShares(isa: InstructionSet, columns: Int) {
    let most = Float.greatestFiniteMagnitude
    var values = (0..<columns).map { $0 % 4 == 1 ? most : -most }
    SoftmaxFloat.run(
      values, into: &values, rows: 1, columns: columns, isa: isa, pool: ThreadPool(threads: 1))
    let share = 1 / Float((0..<columns).count { $0 % 4 == 1 })
    #expect(agree(values, (0..<columns).map { $0 % 4 == 1 ? share : 0 }, tolerance: 1e-6), "\(isa)")
  }

  @Test(arguments: InstructionSet.available)
  func softmaxOfSomethingThatIsNoNumberIsNone(isa: InstructionSet) {
    let full = Float(bitPattern: 0x7fff_ffff)
    for special in [.nan, full, -full, .infinity] {
      for place in [0, 17, 39] {
        var values = [Float](repeating: 1, count: 40)
        values[place] = special
        SoftmaxFloat.run(
          values, into: &values, rows: 1, columns: 40, isa: isa, pool: ThreadPool(threads: 1))
        #expect(values[place].isNaN, "\(isa)")
      }
    }
  }
}
