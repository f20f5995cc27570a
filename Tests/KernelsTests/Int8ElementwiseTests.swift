import Kernels
import Testing

@Suite struct Int8ElementwiseTests {
  static let counts = [0, 1, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 200, 40_000]
  private let pool = ThreadPool(threads: 2)

  private func codes(_ count: Int, seed: UInt64) -> [UInt8] {
    Int8Values.random.codes(count, maximum: 255, seed: seed)
  }

  private func rounded(_ value: Float, plus zero: Int32, low: Int32 = 0, high: Int32 = 255) -> UInt8
  {
    let code = Int64(max(-1e9, min(1e9, value)).rounded(.toNearestOrEven)) + Int64(zero)
    return UInt8(max(Int64(low), min(Int64(high), code)))
  }

  @Test(arguments: counts)
  func additionFollowsItsFormula(count: Int) {
    let constants = BinaryInt8(
      leftZeroPoint: 3, rightZeroPoint: 250, leftMultiplier: 0.37, rightMultiplier: 1.91,
      outputZeroPoint: 128, low: 10, high: 240)
    let left = codes(count, seed: 1)
    let right = codes(count, seed: 2)
    let expected = zip(left, right).map { a, b in
      rounded(
        Float(Int32(a) - 3) * 0.37 + Float(Int32(b) - 250) * 1.91, plus: 128, low: 10, high: 240)
    }
    for isa in InstructionSet.available {
      let output = GuardedBuffer<UInt8>(count: count, repeating: 0)
      let operands = (GuardedBuffer(left), GuardedBuffer(right))
      defer { withExtendedLifetime(operands) {} }
      Int8Kernels(isa: isa).add(
        constants, operands.0.base, operands.1.base, .same, output.base,
        count: count, pool: pool)
      #expect(output.array == expected, "\(isa)")
    }
  }

  @Test(arguments: counts)
  func multiplicationFollowsItsFormula(count: Int) {
    let constants = BinaryInt8(
      leftZeroPoint: 255, rightZeroPoint: 0, leftMultiplier: 0.0021, outputZeroPoint: 255)
    let left = codes(count, seed: 3)
    let right = codes(count, seed: 4)
    let expected = zip(left, right).map { a, b in
      rounded(Float((Int32(a) - 255) * Int32(b)) * 0.0021, plus: 255)
    }
    for isa in InstructionSet.available {
      let output = GuardedBuffer<UInt8>(count: count, repeating: 0)
      let operands = (GuardedBuffer(left), GuardedBuffer(right))
      defer { withExtendedLifetime(operands) {} }
      Int8Kernels(isa: isa).multiply(
        constants, operands.0.base, operands.1.base, .same, output.base,
        count: count, pool: pool)
      #expect(output.array == expected, "\(isa)")
    }
  }

  @Test(
    arguments: [
      (0.37, 80, 0), (900, -700, 12), (1e30, 5, -3), (0.001, 0.002, 20_000), (0.25, 0.25, -20_000),
    ] as [(Float, Float, Int32)])
  func extremeMultipliersAreClampedAlike(left: Float, right: Float, zero: Int32) {
    let constants = BinaryInt8(
      leftZeroPoint: 128, rightZeroPoint: 3, leftMultiplier: left, rightMultiplier: right,
      outputZeroPoint: zero, low: 1, high: 254)
    let a = codes(200, seed: 14)
    let b = codes(200, seed: 15)
    let sums = zip(a, b).map { a, b in
      rounded(
        Float(Int32(a) - 128) * left + Float(Int32(b) - 3) * right, plus: zero, low: 1, high: 254)
    }
    let products = zip(a, b).map { a, b in
      rounded(
        Float((Int32(a) - 128) * (Int32(b) - 3)) * left, plus: zero, low: 1, high: 254)
    }
    for isa in InstructionSet.available {
      var output = [UInt8](repeating: 0, count: 200)
      Int8Kernels(isa: isa).add(constants, a, b, .same, &output, count: 200, pool: pool)
      #expect(output == sums, "\(isa)")
      Int8Kernels(isa: isa).multiply(constants, a, b, .same, &output, count: 200, pool: pool)
      #expect(output == products, "\(isa)")
    }
  }

  @Test(arguments: [
    BroadcastInt8.scalar, .innermost(20), .perImage(middle: 5, inner: 20),
    .perImage(middle: 100, inner: 3), .innermost(1),
    .perImage(middle: 1, inner: 50),
  ])
  func broadcastsRepeatTheRightOperand(_ broadcast: BroadcastInt8) {
    let constants = BinaryInt8(
      leftZeroPoint: 100, rightZeroPoint: 30, leftMultiplier: 0.5, rightMultiplier: 0.25,
      outputZeroPoint: 90)
    let left = codes(300, seed: 5)
    let right = codes(300, seed: 6)
    let repeated = left.indices.map { index in
      switch broadcast {
      case .same: right[index]
      case .scalar: right[0]
      case .innermost(let inner): right[index % inner]
      case .perImage(let middle, let inner):
        right[index / (middle * inner) * inner + index % inner]
      }
    }
    for isa in InstructionSet.available {
      let kernels = Int8Kernels(isa: isa)
      var small = [UInt8](repeating: 0, count: 300)
      var whole = small
      kernels.add(constants, left, right, broadcast, &small, count: 300, pool: pool)
      kernels.add(constants, left, repeated, .same, &whole, count: 300, pool: pool)
      #expect(small == whole)
      kernels.multiply(constants, left, right, broadcast, &small, count: 300, pool: pool)
      kernels.multiply(constants, left, repeated, .same, &whole, count: 300, pool: pool)
      #expect(small == whole)
    }
  }

  @Test(arguments: counts)
  func tablesMapEveryCode(count: Int) {
    let table = codes(256, seed: 8)
    let all = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let lowerHalf = all.map { $0 & 127 }
    for (isa, input) in InstructionSet.available.flatMap({ [($0, all), ($0, lowerHalf)] }) {
      let output = GuardedBuffer(input)
      let codes = GuardedBuffer(table)
      defer { withExtendedLifetime(codes) {} }
      Int8Kernels(isa: isa).lookUp(
        codes.base, output.base, output.base, count: count, pool: pool)
      #expect(output.array == input.map { table[Int($0)] }, "\(isa)")
    }
  }

  @Test(arguments: counts)
  func quantizingDividesRoundsAndClamps(count: Int) {
    var random = SeededRandom(seed: 9)
    let scale: Float = 0.1
    let special: [Float] = [
      .nan, .infinity, -.infinity, 0, -0.0, 0.05, 0.15, 0.25, -0.05, 1e30, -1e30, 1e-38,
    ]
    let input = (0..<count).map { index in
      index % 3 == 0
        ? special[index / 3 % special.count] : Float.random(in: -20...30, using: &random)
    }
    let expected = input.map { $0.isNaN ? 77 : rounded($0 / scale, plus: 77) }
    for isa in InstructionSet.available {
      let output = GuardedBuffer<UInt8>(count: count, repeating: 0)
      let kernels = Int8Kernels(isa: isa)
      let source = GuardedBuffer(input)
      defer { withExtendedLifetime(source) {} }
      kernels.quantize(
        source.base, output.base, count: count, scale: scale, zeroPoint: 77,
        pool: pool)
      #expect(output.array == expected, "\(isa)")
      let real = GuardedBuffer<Float>(count: count, repeating: 0)
      kernels.dequantize(
        output.base, real.base, count: count, scale: scale, zeroPoint: 77, pool: pool)
      #expect(real.array == expected.map { Float(Int32($0) - 77) * scale }, "\(isa)")
      kernels.offset(output.base, output.base, count: count, by: 128, pool: pool)
      #expect(output.array == expected.map { $0 &+ 128 }, "\(isa)")
    }
  }

  /// Quotients next to a half, where a division that is off by the last bit shows.
  @Test(
    arguments: [0.1, 1.0 / 3, 0.0078125, 0x1.fffffep-5, 3.7e-5, 1e-35, 2e30, 0x1p-136] as [Float])
  func quantizingRoundsTheRoundedQuotient(scale: Float) {
    var random = SeededRandom(seed: 16)
    let input = (0..<4_000).map { index in
      var value = (Float(Int.random(in: -300...300, using: &random)) + 0.5) * scale
      for _ in 0..<index % 4 { value = index % 8 < 4 ? value.nextUp : value.nextDown }
      return value
    }
    let expected = input.map { rounded($0 / scale, plus: 101) }
    for isa in InstructionSet.available {
      var output = [UInt8](repeating: 0, count: input.count)
      Int8Kernels(isa: isa).quantize(
        input, &output, count: input.count, scale: scale, zeroPoint: 101, pool: pool)
      #expect(output == expected, "\(isa)")
    }
  }

  @Test(arguments: [
    (0, 4), (1, 1), (3, 50), (3, 15), (3, 64), (16, 16), (17, 33), (64, 15), (100, 31),
  ])
  func transposingExchangesRowsAndColumns(rows: Int, columns: Int) {
    let input = codes(2 * rows * columns, seed: 10)
    var expected = input
    for image in 0..<2 {
      for row in 0..<rows {
        for column in 0..<columns {
          let first = image * rows * columns
          expected[first + column * rows + row] = input[first + row * columns + column]
        }
      }
    }
    for isa in InstructionSet.available {
      let output = GuardedBuffer<UInt8>(count: input.count, repeating: 0)
      let source = GuardedBuffer(input)
      defer { withExtendedLifetime(source) {} }
      Int8Kernels(isa: isa).transpose(
        source.base, output.base, batch: 2, rows: rows, columns: columns, pool: pool)
      #expect(output.array == expected, "\(isa)")
    }
  }

  @Test func concatenationRequantizesEachPart() {
    let left = codes(7 * 5, seed: 11)
    let right = codes(7 * 40, seed: 12)
    let table = Int8Kernels.requantizationTable(
      scale: 0.5, zeroPoint: 10, outputScale: 0.25, outputZeroPoint: 20)
    #expect(table[10] == 20 && table[11] == 22 && table[0] == 0 && table[255] == 255)
    var expected: [UInt8] = []
    for pixel in 0..<7 {
      expected += left[pixel * 5..<(pixel + 1) * 5]
      expected += right[pixel * 40..<(pixel + 1) * 40].map { table[Int($0)] }
    }
    for isa in InstructionSet.available {
      let output = GuardedBuffer<UInt8>(count: 7 * 45, repeating: 0)
      left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          table.withUnsafeBufferPointer { table in
            guard let a = left.baseAddress, let b = right.baseAddress else { return }
            Int8Kernels(isa: isa).concatenate(
              [
                .init(codes: a, channels: 5),
                .init(codes: b, channels: 40, table: table.baseAddress),
              ], output.base, pixels: 7, pool: pool)
          }
        }
      }
      #expect(output.array == expected)
    }
  }
}
