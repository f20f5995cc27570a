/// 8-bit codes with zero points, as int8 values that kernels can take.
struct ShiftedWeights {
  let values: [Int8]
  /// `code - zeroPoint = value + offset`, one for each zero point; `nil` where values alone say it.
  let offsets: [Int32]?

  /// - Parameter slice: the zero point, by number, of the code at an index, where there are several.
  init(_ codes: [Int16], zeroPoints: [Int16], slice: (Int) -> Int) {
    let plain = codes.indices.compactMap { index in
      Int8(exactly: codes[index] - zeroPoints[zeroPoints.count == 1 ? 0 : slice(index)])
    }
    if plain.count == codes.count {
      values = plain
      offsets = nil
      return
    }
    // The codes themselves always fit once those of uint8 are moved by 128.
    let shift: Int16 = codes.contains { $0 > 127 } ? 128 : 0
    values = codes.map { Int8(clamping: $0 - shift) }
    offsets = zeroPoints.map { Int32(shift - $0) }
  }
}
