import Kernels
import Testing

/// Sums of several quads in 16 bits, at the edge of what fits.
@Suite struct Int8RunTests {
  /// Weights, and how the codes meet them.
  struct Load: CustomTestStringConvertible, Sendable {
    let weight: Int8
    /// Every so many weights, one as heavy as can be.
    let heavyEvery: Int
    let inputMaximum: UInt8
    /// The largest code of the rows.
    let codeMaximum: UInt8

    var testDescription: String {
      "\(weight), heavy 1/\(heavyEvery), \(codeMaximum) of \(inputMaximum)"
    }
  }

  static let loads: [Load] = [(127, 127), (255, 127), (255, 255), (200, 100), (200, 200), (1, 1)]
    .flatMap { maximum, code in
      [(8, 1000), (16, 50), (32, 20), (33, 7), (64, 9), (65, 3), (127, 1)].map { weight, every in
        Load(weight: weight, heavyEvery: every, inputMaximum: maximum, codeMaximum: code)
      }
    }

  /// `[depth, columns]`, both signs, all as large as the load says.
  private static func weights(_ load: Load, count: Int, seed: UInt64) -> [Int8] {
    var random = SeededRandom(seed: seed)
    return (0..<count).map { _ in
      if Int.random(in: 0..<load.heavyEvery, using: &random) == 0 {
        return Bool.random(using: &random) ? 127 : -128
      }
      return Bool.random(using: &random) ? load.weight : -load.weight
    }
  }

  /// Row by row: codes that lift one column's positive or negative sums as high as they go, all
  /// codes at their largest, and random ones.
  private static func codes(
    _ load: Load, rows: Int, depth: Int, columns: Int, weights: [Int8]
  ) -> [UInt8] {
    var random = SeededRandom(seed: 7)
    return (0..<rows).flatMap { row in
      (0..<depth).map { k in
        let weight = weights[k * columns + row % columns]
        return switch row % 4 {
        case 0: weight > 0 ? load.codeMaximum : 0
        case 1: weight < 0 ? load.codeMaximum : 0
        case 2: load.codeMaximum
        default: UInt8.random(in: 0...load.codeMaximum, using: &random)
        }
      }
    }
  }

  @Test(arguments: loads)
  func sumsOfSeveralQuadsAreExact(_ load: Load) {
    for (depth, columns) in [(4, 16), (31, 8), (64, 17), (100, 40), (257, 24)] {
      let weights = Self.weights(load, count: depth * columns, seed: UInt64(depth))
      for isa in InstructionSet.available {
        let gemm = GEMMInt8(
          depth: depth, columns: columns, weights: weights, transposed: false,
          inputMaximum: load.inputMaximum,
          requantization: Requantization(
            multipliers: [0.001], biases: [], inputZeroPoint: 0, outputZeroPoint: 128), isa: isa)
        for rows in [1, 2, 3, 5, 6, 7, 13] {
          let a = Self.codes(load, rows: rows, depth: depth, columns: columns, weights: weights)
          #expect(
            Self.run(gemm, a, rows: rows)
              == Self.sums(a, weights, rows: rows, depth: depth, columns: columns),
            "\(isa), \(rows) x \(depth) x \(columns)")
        }
      }
    }
  }

  private static func run(_ gemm: GEMMInt8, _ a: [UInt8], rows: Int) -> [Int32] {
    let left = GuardedBuffer(a)
    let output = GuardedBuffer<Int32>(count: rows * gemm.columns, repeating: 9)
    let scratch = GuardedBuffer<UInt8>(
      count: gemm.scratchByteCount(rows: rows, threads: 1), flushWith: .start, repeating: 255)
    defer { withExtendedLifetime((left, scratch)) {} }
    gemm.runAccumulators(
      left.base, zeroPoint: 0, output.base, rows: rows, scratch: scratch.base,
      pool: ThreadPool(threads: 1))
    return output.array
  }

  private static func sums(
    _ a: [UInt8], _ weights: [Int8], rows: Int, depth: Int, columns: Int
  ) -> [Int32] {
    var sums = [Int32](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for k in 0..<depth {
        let code = Int32(a[row * depth + k])
        for column in 0..<columns {
          sums[row * columns + column] += code * Int32(weights[k * columns + column])
        }
      }
    }
    return sums
  }

  /// Codes near that of zero, and every so many as far from it as can be: few enough to be
  /// multiplied once more, or too many for that.
  @Test(arguments: [0, 128], [1, 3, 20, 150, 4000])
  func fewLargeCodesAreExact(zeroPoint: Int, largeEvery: Int) {
    var random = SeededRandom(seed: 11)
    for (rows, depth, columns) in [(130, 257, 24), (7, 1000, 17), (14, 8, 40), (260, 40, 16)] {
      let a = (0..<rows * depth).map { _ -> UInt8 in
        if Int.random(in: 0..<largeEvery, using: &random) == 0 {
          return zeroPoint == 0 || Bool.random(using: &random) ? 255 : 0
        }
        return UInt8(clamping: Int.random(in: zeroPoint - 64...zeroPoint + 63, using: &random))
      }
      for kind in Int8Values.allCases {
        let weights = kind.weights(depth * columns, seed: UInt64(largeEvery))
        let expected = Self.sums(a, weights, rows: rows, depth: depth, columns: columns)
        for isa in InstructionSet.available {
          let gemm = GEMMInt8(
            depth: depth, columns: columns, weights: weights, transposed: false,
            requantization: Requantization(
              multipliers: [0.001], biases: [], inputZeroPoint: 0, outputZeroPoint: 128),
            isa: isa)
          #expect(Self.run(gemm, a, rows: rows) == expected, "\(isa), \(kind), \(rows) rows")
        }
      }
    }
  }

  private static func adds16Bits(_ isa: InstructionSet) -> Bool { isa == .avx2 || isa == .avx512 }

  /// Weights that fill 16 bits exactly after 8 quads, and one more than that.
  @Test(arguments: [(8, 255, 16.0), (9, 255, 8), (16, 127, 16), (17, 127, 8), (64, 255, 2)])
  func runsAreAsLongAsTheWeightsAllow(weight: Int, inputMaximum: Int, run: Double) {
    for isa in InstructionSet.available {
      let gemm = GEMMInt8(
        depth: 128, columns: 16, weights: [Int8](repeating: Int8(weight), count: 128 * 16),
        transposed: false, inputMaximum: UInt8(inputMaximum), expectsSmallCodes: false,
        requantization: Requantization(
          multipliers: [0.001], biases: [], inputZeroPoint: 0, outputZeroPoint: 0), isa: isa)
      #expect(gemm.safeRun == (Self.adds16Bits(isa) ? run : nil), "\(isa)")
    }
  }

  /// A heavy quad is put beside light ones, wherever they are.
  @Test func heavyQuadsMeetLightOnes() {
    let weights = (0..<64).flatMap { k in
      [Int8](repeating: k < 32 ? 60 : 4, count: 16)
    }
    for isa in InstructionSet.available where Self.adds16Bits(isa) {
      let gemm = GEMMInt8(
        depth: 64, columns: 16, weights: weights, transposed: false, expectsSmallCodes: false,
        requantization: Requantization(
          multipliers: [0.001], biases: [], inputZeroPoint: 0, outputZeroPoint: 0), isa: isa)
      #expect(gemm.safeRun == 4, "\(isa)")
      #expect(gemm.kernelName.contains("x2"))
    }
  }
}
