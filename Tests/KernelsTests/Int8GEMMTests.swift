import Kernels
import Testing

@Suite struct Int8GEMMTests {
  struct Sizes: CustomTestStringConvertible, Sendable {
    let rows: Int
    let depth: Int
    let columns: Int

    var testDescription: String { "\(rows) x \(depth) x \(columns)" }
  }

  static let sizes = [
    Sizes(rows: 0, depth: 5, columns: 3), Sizes(rows: 1, depth: 1, columns: 1),
    Sizes(rows: 3, depth: 7, columns: 15), Sizes(rows: 4, depth: 8, columns: 16),
    Sizes(rows: 5, depth: 9, columns: 17), Sizes(rows: 13, depth: 130, columns: 40),
    Sizes(rows: 2, depth: 6, columns: 25), Sizes(rows: 11, depth: 20, columns: 32),
    Sizes(rows: 12, depth: 65, columns: 33), Sizes(rows: 26, depth: 40, columns: 48),
    Sizes(rows: 300, depth: 33, columns: 70),
  ]

  @Test(arguments: sizes)
  func everyKernelEqualsTheDefinition(_ size: Sizes) {
    let a = Int8Values.random.codes(size.rows * size.depth, maximum: 255, seed: 1)
    let b = Int8Values.extremes.weights(size.depth * size.columns, seed: 2)
    let change = Requantization(
      multipliers: [0.001], biases: (0..<size.columns).map { Int32($0 * 100) }, inputZeroPoint: 120,
      outputZeroPoint: 40)
    var sums: [Int32] = []
    for row in 0..<size.rows {
      for column in 0..<size.columns {
        sums.append(
          (0..<size.depth).reduce(0) {
            $0 + (Int32(a[row * size.depth + $1]) - 120) * Int32(b[$1 * size.columns + column])
          })
      }
    }
    let codes = Int8Reference.requantized(sums, change, channels: size.columns)
    let transposed = (0..<size.columns).flatMap { column in
      (0..<size.depth).map { b[$0 * size.columns + column] }
    }
    for isa in InstructionSet.available {
      for threads in [1, 2] {
        let pool = ThreadPool(threads: threads)
        for (weights, isTransposed) in [(b, false), (transposed, true)] {
          let gemm = GEMMInt8(
            depth: size.depth, columns: size.columns, weights: weights, transposed: isTransposed,
            requantization: change, isa: isa)
          let left = GuardedBuffer(a)
          let output = GuardedBuffer<UInt8>(count: codes.count, repeating: 9)
          let accumulators = GuardedBuffer<Int32>(count: codes.count, repeating: 9)
          let scratch = GuardedBuffer<UInt8>(
            count: gemm.scratchByteCount(rows: size.rows, threads: threads), flushWith: .start,
            repeating: 255)
          defer { withExtendedLifetime((left, scratch)) {} }
          gemm.run(left.base, output.base, rows: size.rows, scratch: scratch.base, pool: pool)
          gemm.runAccumulators(
            left.base, zeroPoint: 120, accumulators.base, rows: size.rows, scratch: scratch.base,
            pool: pool)
          #expect(output.array == codes, "\(isa), transposed: \(isTransposed), \(threads) threads")
          #expect(accumulators.array == sums)
        }
      }
    }
  }
}
