import Tensors
import Testing

@Suite struct NarrowFloatTests {
  static let types: [ElementType] = [
    .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float4e2m1,
  ]

  @Test(arguments: types) func everyNumberKeepsItsCode(type: ElementType) throws {
    let format = try #require(NarrowFloat(type))
    for code in 0..<(1 << type.bitWidth) {
      let value = format.value(of: UInt8(code))
      guard !value.isNaN else { continue }
      #expect(format.code(of: Double(value), saturates: false) == UInt8(code))
    }
  }

  @Test(arguments: types) func everyRealTakesTheNearestNumber(type: ElementType) throws {
    let format = try #require(NarrowFloat(type))
    let numbers = (0..<(1 << (type.bitWidth - 1))).map { format.value(of: UInt8($0)) }
      .filter(\.isFinite)
    for (low, high) in zip(numbers, numbers.dropFirst()) {
      let middle = (Double(low) + Double(high)) / 2
      #expect(
        Double(format.value(of: format.code(of: middle.nextDown, saturates: true))) == Double(low))
      #expect(
        Double(format.value(of: format.code(of: middle.nextUp, saturates: true))) == Double(high))
      #expect(format.code(of: middle, saturates: true) & 1 == 0)
    }
  }

  static let limits: [(ElementType, Float, UInt8)] = [
    // The greatest number, and what is beyond it when nothing saturates.
    (.float8e4m3fn, 448, 0x7F), (.float8e4m3fnuz, 240, 0x80), (.float8e5m2, 57_344, 0x7C),
    (.float8e5m2fnuz, 57_344, 0x80), (.float4e2m1, 6, 0x7),
  ]

  @Test(arguments: limits)
  func whatDoesNotFitSaturatesOrIsLost(type: ElementType, greatest: Float, beyond: UInt8) throws {
    let format = try #require(NarrowFloat(type))
    for value in [1e6, Double.infinity] {
      #expect(format.value(of: format.code(of: value, saturates: true)) == greatest)
      #expect(format.value(of: format.code(of: -value, saturates: true)) == -greatest)
      #expect(format.code(of: value, saturates: false) == beyond)
    }
  }

  @Test func powersOfTwoRoundAsAsked() {
    func power(_ value: Double, _ rounding: PowerOfTwoFloat.Rounding) -> Float {
      PowerOfTwoFloat.value(
        of: PowerOfTwoFloat.code(of: value, rounding: rounding, saturates: true))
    }
    #expect(power(4, .up) == 4 && power(4.01, .up) == 8)
    #expect(power(7.99, .down) == 4)
    #expect(power(5.99, .nearest) == 4 && power(6, .nearest) == 8)
    #expect(power(0, .up) == 0x1p-127 && power(.infinity, .up) == 0x1p127)
    #expect(
      PowerOfTwoFloat.code(of: 0, rounding: .nearest, saturates: false)
        == PowerOfTwoFloat.notANumber)
  }

  /// A double just above the middle of two values must not be taken for the middle.
  @Test func bfloat16RoundsOnce() {
    let middle = 1 + 0x1p-8
    #expect(BFloat16(middle).float == 1)
    #expect(BFloat16(middle + 0x1p-40).float == 1 + 0x1p-7)
    #expect(BFloat16(-(middle + 0x1p-40)).float == -(1 + 0x1p-7))
    #expect(BFloat16(3 * 0x1p-8 + 1 - 0x1p-40).float == 1 + 0x1p-7)
    #expect(BFloat16(Float.greatestFiniteMagnitude).float == .infinity)
    #expect(BFloat16(Float.nan).float.isNaN)
  }

  @Test(arguments: [(ElementType.int2, [Int32](-2...1)), (.uint2, [Int32](0...3))])
  func twoBitsArePackedFourToAByte(type: ElementType, codes: [Int32]) {
    let tensor = Tensor(codes: codes + [codes[1]], type, shape: [5])
    #expect(tensor.byteCount == 2)
    #expect(tensor.codes == codes + [codes[1]])
  }
}
