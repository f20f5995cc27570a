import CKernels
import Testing

/// What packing asks about weights, against loops that say it plainly.
@Suite struct PairSumsTests {
  private static let limits = [1, 64, 127, 128, 200, 254, 255, 256]

  private func weights(_ count: Int, seed: UInt64, most: Int) -> [Int8] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int8(clamping: Int(state >> 40 % 512) % (2 * most + 1) - most)
    }
  }

  /// Of the weights of one sign.
  private func largestSum(_ weights: [Int8]) -> Int {
    let sums = (
      weights.reduce(0) { $0 + max(Int($1), 0) }, weights.reduce(0) { $0 - min(Int($1), 0) }
    )
    return max(sums.0, sums.1)
  }

  @Test(arguments: [0, 1, 2, 3, 7, 16, 33], [16, 32])
  func quadsHaveTheirLargestSum(quads: Int, pairs: Int) {
    for (seed, most) in [(1, 3), (2, 100), (3, 127), (4, 128)] {
      let packed = weights(quads * pairs * 2, seed: UInt64(seed), most: most)
      let expected = (0..<quads).map { quad in
        (0..<pairs).map { pair in
          let first = (quad * pairs + pair) * 2
          return largestSum([packed[first], packed[first + 1]])
        }.max() ?? 0
      }
      var found = [UInt16](repeating: .max, count: quads + 1)
      kern_largest_pair_sums(packed, pairs, quads, &found)
      #expect(found.dropLast().map(Int.init) == expected, "\(most)")
      #expect(found.last == .max, "wrote beyond the last quad")
    }
  }

  @Test(arguments: [0, 1, 5, 32, 77])
  func everyPairHasItsSums(pairs: Int) {
    for (seed, most) in [(1, 3), (2, 100), (4, 128)] {
      let weights = weights(pairs * 2, seed: UInt64(seed), most: most)
      let expected = (0..<pairs).flatMap { pair in
        let both = [Int(weights[2 * pair]), Int(weights[2 * pair + 1])]
        return [both.reduce(0) { $0 + max($1, 0) }, both.reduce(0) { $0 - min($1, 0) }]
      }
      var found = [UInt16](repeating: .max, count: pairs * 2 + 1)
      let all = kern_pair_sums(weights, pairs, &found)
      #expect(found.dropLast().map(Int.init) == expected, "\(most)")
      #expect(Int(all) == expected.reduce(0, +), "\(most)")
      #expect(found.last == .max, "wrote beyond the last pair")
    }
  }

  @Test(arguments: [0, 1, 2, 63, 64, 65, 66, 128, 191, 300])
  func everyPairBeyondTheLimitIsFound(depth: Int) {
    let buffer = GuardedBuffer<Int8>(count: max(depth, 1), repeating: 0)
    for (seed, most) in [(1, 60), (2, 110), (3, 128)] {
      let row = weights(depth, seed: UInt64(seed + depth), most: most)
      for (index, weight) in row.enumerated() { buffer.base[index] = weight }
      for limit in Self.limits {
        let expected = stride(from: 0, to: depth, by: 2).filter { first in
          largestSum(Array(row[first..<min(first + 2, depth)])) > limit
        }
        var found: [Int] = []
        var place = Int(kern_next_pair_beyond(buffer.base, depth, 0, Int32(limit)))
        while place < depth {
          found.append(place)
          place = Int(kern_next_pair_beyond(buffer.base, depth, place + 2, Int32(limit)))
        }
        #expect(found == expected, "\(most), limit \(limit)")
      }
    }
  }
}
