import Foundation
import Tensors
import Testing

@testable import Kernels

@Suite struct FloatBinaryTests {
  static func definition(_ operation: FloatBinary, _ a: Float, _ b: Float) -> Float {
    switch operation {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .minimum: a.isNaN || b.isNaN ? .nan : min(a, b)
    case .maximum: a.isNaN || b.isNaN ? .nan : max(a, b)
    case .power: powf(a, b)
    }
  }

  @Test(
    arguments: InstructionSet.available, FloatBinary.allCases)
  func operationsBroadcastEitherSide(isa: InstructionSet, operation: FloatBinary) {
    let sizes = [
      (1, 1, 1), (1, 5, 3), (2, 3, 8), (3, 2, 17), (4, 9, 1), (1, 5_000, 1), (2, 700, 9),
      (2, 40, 24), (1, 9, 300), (2, 3, 128),
    ]
    for (outer, middle, inner) in sizes {
      let large = testValues(outer * middle * inner).map { $0 + 1.5 }
      let small = testValues(outer * inner, seed: 2).map { $0 + 1.5 }
      let repeated = large.indices.map { small[$0 / (middle * inner) * inner + $0 % inner] }
      let pool = ThreadPool(threads: 2)
      let (a, b, wide) = (GuardedBuffer(large), GuardedBuffer(small), GuardedBuffer(repeated))
      let to = GuardedBuffer<Float>(count: large.count, repeating: .nan)
      let forward = zip(large, repeated).map { Self.definition(operation, $0, $1) }
      let backward = zip(repeated, large).map { Self.definition(operation, $0, $1) }
      operation.apply(
        a.base, b.base, into: to.base, pattern: .right(outer: outer, middle: middle, inner: inner),
        isa: isa, pool: pool)
      #expect(to.array == forward)
      operation.apply(
        b.base, a.base, into: to.base, pattern: .left(outer: outer, middle: middle, inner: inner),
        isa: isa, pool: pool)
      #expect(to.array == backward)
      operation.apply(
        a.base, wide.base, into: a.base, pattern: .same(count: large.count),
        activation: .clamp(low: 1, high: 2), isa: isa, pool: pool)
      #expect(a.array == forward.map { min(max($0, 1), 2) })
    }
  }

  @Test(arguments: InstructionSet.available, [FloatBinary.minimum, .maximum])
  func notANumberWinsOnEitherSide(isa: InstructionSet, operation: FloatBinary) {
    let (numbers, gaps) = ([Float](repeating: 1, count: 11), [Float](repeating: .nan, count: 11))
    for (left, right) in [(numbers, gaps), (gaps, numbers)] {
      let to = GuardedBuffer<Float>(count: 11, repeating: 0)
      operation.apply(
        left, right, into: to.base, pattern: .same(count: 11), isa: isa,
        pool: ThreadPool(threads: 1))
      #expect(to.array.allSatisfy { $0.isNaN })
    }
  }

  @Test(arguments: InstructionSet.available)
  func repeatedAndCrossedSidesMeetTheirPartners(isa: InstructionSet) {
    let pool = ThreadPool(threads: 2)
    let small: [Float] = [10, 20, 30]
    let large = (0..<24).map { Float($0) }
    var output = [Float](repeating: 0, count: 24)
    FloatBinary.subtract.apply(
      large, small, into: &output, pattern: .repeated(2, .right(outer: 3, middle: 4, inner: 1)),
      isa: isa, pool: pool)
    #expect(output == (0..<24).map { large[$0] - small[$0 / 4 % 3] })
    FloatBinary.subtract.apply(
      small, large, into: &output, pattern: .repeated(2, .left(outer: 3, middle: 4, inner: 1)),
      isa: isa, pool: pool)
    #expect(output == (0..<24).map { small[$0 / 4 % 3] - large[$0] })
    for leftIsRows in [true, false] {
      let (rows, columns) = (Array(large[..<8]), small)
      FloatBinary.subtract.apply(
        leftIsRows ? rows : columns, leftIsRows ? columns : rows, into: &output,
        pattern: .crossed(rows: 8, columns: 3, leftIsRows: leftIsRows), isa: isa, pool: pool)
      let sign: Float = leftIsRows ? 1 : -1
      #expect(output == (0..<24).map { sign * (rows[$0 / 3] - columns[$0 % 3]) })
    }
  }

  @Test func patternsFollowFromShapes() {
    let cases: [(Shape, Shape, BroadcastPattern?)] = [
      ([2, 3], [2, 3], .same(count: 6)),
      ([2, 3], [1, 2, 3], .same(count: 6)),
      ([2, 3], [], .right(outer: 1, middle: 6, inner: 1)),
      ([2, 4, 4, 3], [3], .right(outer: 1, middle: 32, inner: 3)),
      ([2, 4, 4, 3], [2, 1, 1, 3], .right(outer: 2, middle: 16, inner: 3)),
      ([2, 1, 1, 3], [2, 4, 4, 3], .left(outer: 2, middle: 16, inner: 3)),
      ([5, 7], [5, 1], .right(outer: 5, middle: 7, inner: 1)),
      ([2, 3, 4], [1, 3, 1], .repeated(2, .right(outer: 3, middle: 4, inner: 1))),
      ([3, 1], [5, 2, 3, 4], .repeated(10, .left(outer: 3, middle: 4, inner: 1))),
      ([2, 1], [1, 3], .crossed(rows: 2, columns: 3, leftIsRows: true)),
      ([4, 3], [5, 1, 1], .crossed(rows: 5, columns: 12, leftIsRows: false)),
      ([2, 3, 1], [2, 1, 4], nil),
      ([2, 1, 3, 1, 5], [2, 7, 3, 4, 5], nil),
      ([2, 3], [4], nil),
    ]
    for (left, right, pattern) in cases {
      #expect(BroadcastPattern.between(left, right) == pattern, "\(left) and \(right)")
    }
  }
}
