import Testing

@testable import Kernels

@Suite struct HalfFloatTests {
  @Test(arguments: InstructionSet.available)
  func everyHalfIsExactInSinglePrecision(isa: InstructionSet) {
    let bits = (0...UInt16.max).map { $0 }
    var wide = [Float](repeating: 0, count: bits.count)
    HalfFloat.widen(bits, into: &wide, count: bits.count, isa: isa)
    var narrow = [UInt16](repeating: 0, count: bits.count)
    HalfFloat.narrow(wide, into: &narrow, count: bits.count, isa: isa)
    for index in bits.indices {
      let half = Float16(bitPattern: bits[index])
      if half.isNaN {
        #expect(wide[index].isNaN && Float16(bitPattern: narrow[index]).isNaN)
      } else {
        #expect(wide[index] == Float(half) && narrow[index] == bits[index])
      }
    }
  }

  @Test(arguments: InstructionSet.available, [0, 1, 7, 8, 9, 17])
  func narrowingRoundsToNearestEven(isa: InstructionSet, count: Int) {
    let edges: [Float] = [
      1.000_488_3, 1.001_464_8, 65_519.9, 65_520, -65_520, 5.9e-8, 2.9e-8, .infinity, -0.0,
    ]
    let input = GuardedBuffer((0..<count).map { edges[$0 % edges.count] })
    let output = GuardedBuffer<UInt16>(count: count, repeating: 0)
    HalfFloat.narrow(input.base, into: output.base, count: count, isa: isa)
    #expect(output.array == input.array.map { Float16($0).bitPattern })
  }
}
