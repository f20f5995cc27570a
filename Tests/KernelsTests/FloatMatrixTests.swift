import Testing

@testable import Kernels

@Suite struct FloatMatrixTests {
  /// `alpha * a[m, k] @ b[k, n]` in double precision.
  static func reference(
    _ a: [Float], _ b: [Float], _ m: Int, _ k: Int, _ n: Int, alpha: Float
  ) -> [Float] {
    var c = [Float](repeating: 0, count: m * n)
    for row in 0..<m {
      for column in 0..<n {
        let sum = (0..<k).reduce(0.0) { $0 + Double(a[row * k + $1]) * Double(b[$1 * n + column]) }
        c[row * n + column] = Float(Double(alpha) * sum)
      }
    }
    return c
  }

  static func transposed(_ x: [Float], _ rows: Int, _ columns: Int) -> [Float] {
    (0..<rows * columns).map { x[$0 % rows * columns + $0 / rows] }
  }

  @Test(
    arguments: InstructionSet.available,
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 49])
  func constantRightSideInEveryTileSize(isa: InstructionSet, rows: Int) {
    for (depth, columns) in [
      (1, 1), (3, 7), (5, 8), (8, 9), (17, 16), (17, 27), (20, 63), (30, 24), (31, 41),
    ] {
      let a = testValues(rows * depth)
      let b = testValues(depth * columns, seed: 2)
      let bias = testValues(columns, seed: 3)
      var expected = Self.reference(a, b, rows, depth, columns, alpha: 0.5)
      for index in expected.indices { expected[index] += bias[index % columns] }
      for turned in [false, true] {
        let gemm = GEMMFloat(
          depth: depth, columns: columns,
          weights: turned ? Self.transposed(b, depth, columns) : b, transposed: turned,
          alpha: 0.5, bias: bias, isa: isa)
        let from = GuardedBuffer(a)
        let to = GuardedBuffer<Float>(count: rows * columns, repeating: .nan)
        withScratch(gemm.scratchByteCount(threads: 2)) { scratch in
          gemm.run(
            from.base, into: to.base, rows: rows, scratch: scratch, pool: ThreadPool(threads: 2))
        }
        #expect(agree(to.array, expected), "\(rows) × \(depth) × \(columns)")
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func noRowsAreNothingToDoForSeveralThreads(isa: InstructionSet) {
    let weights = testValues(256 * 512)
    let gemm = GEMMFloat(depth: 256, columns: 512, weights: weights, isa: isa)
    let nothing = GuardedBuffer<Float>(count: 0, repeating: 0)
    withScratch(gemm.scratchByteCount(threads: 2)) { scratch in
      gemm.run(
        nothing.base, into: nothing.base, rows: 0, scratch: scratch, pool: ThreadPool(threads: 2))
    }
  }

  @Test(arguments: InstructionSet.available)
  func hardSwishIsTakenInWithTheSums(isa: InstructionSet) {
    let (rows, depth, columns) = (15, 20, 57)
    let a = testValues(rows * depth)
    let b = testValues(depth * columns, seed: 2)
    let expected = Self.reference(a, b, rows, depth, columns, alpha: 1).map {
      $0 * max(0, min(1, $0 / 6 + 0.5))
    }
    let gemm = GEMMFloat(
      depth: depth, columns: columns, weights: b, activation: .hardSwish, isa: isa)
    let to = GuardedBuffer<Float>(count: rows * columns, repeating: .nan)
    withScratch(gemm.scratchByteCount(threads: 1)) { scratch in
      gemm.run(a, into: to.base, rows: rows, scratch: scratch, pool: ThreadPool(threads: 1))
    }
    #expect(agree(to.array, expected))
  }

  @Test(arguments: InstructionSet.available)
  func activationReachesEveryColumnOfASplitRow(isa: InstructionSet) {
    let (depth, columns) = (20, 100)
    let a = testValues(depth)
    let b = testValues(depth * columns, seed: 2)
    let addend = testValues(columns, seed: 5)
    let sums = zip(Self.reference(a, b, 1, depth, columns, alpha: 1), addend).map { $0 + $1 }
    let gemm = GEMMFloat(
      depth: depth, columns: columns, weights: b, activation: .leakyRelu(slope: 0.25), isa: isa)
    let to = GuardedBuffer(addend)
    withScratch(gemm.scratchByteCount(threads: 3)) { scratch in
      gemm.run(
        a, addend: to.base, into: to.base, rows: 1, scratch: scratch, pool: ThreadPool(threads: 3))
    }
    #expect(agree(to.array, sums.map { $0 < 0 ? 0.25 * $0 : $0 }))
  }

  @Test(arguments: InstructionSet.available, [(false, false), (false, true), (true, false)])
  func productOfTwoActivations(isa: InstructionSet, turned: (Bool, Bool)) {
    for (m, k, n) in [(1, 1, 1), (7, 5, 9), (13, 32, 33), (50, 64, 50), (3, 0, 4)] {
      let a = testValues(m * k)
      let b = testValues(k * n, seed: 2)
      let product = MatMulFloat(
        rows: m, depth: k, columns: n, transposedLeft: turned.0, transposedRight: turned.1,
        alpha: 0.125, isa: isa)
      let left = GuardedBuffer(turned.0 ? Self.transposed(a, m, k) : a)
      let right = GuardedBuffer(turned.1 ? Self.transposed(b, k, n) : b)
      let to = GuardedBuffer<Float>(count: m * n, repeating: .nan)
      withScratch(product.scratchByteCount(threads: 2)) { scratch in
        product.run(
          left.base, right.base, into: to.base, scratch: scratch, pool: ThreadPool(threads: 2))
      }
      #expect(
        agree(to.array, Self.reference(a, b, m, k, n, alpha: 0.125)), "\(m) × \(k) × \(n)")
    }
  }
}
