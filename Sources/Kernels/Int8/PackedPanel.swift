internal import CKernels

/// One panel, in the fastest order of steps that is proven for it.
struct PackedPanel {
  /// `[step][8 or 16][4]`.
  private(set) var weights: [Int8]
  /// The quad of each step.
  private(set) var order: [UInt16]
  let runs: kern_quad_runs

  /// - `bound`: what a 16-bit sum holds.
  /// - `mayCentre`: whether codes less 128 may be multiplied.
  init(rows: [Int8], columns: Range<Int>, depth: Int, bound: PairBound, mayCentre: Bool) {
    let quads = (depth + 3) / 4
    let width = columns.count <= 8 ? 8 : 16
    weights = Self.inOrder(rows: rows, columns: columns, depth: depth)
    order = (0..<quads).map(UInt16.init)
    var split = SplitQuads(weights: weights, order: order, width: width)
    split.halve(bound)
    let grouped = QuadRuns(weights: split.weights, width: width, bound: bound)
    let centredCost = Double(quads) * kern_quad_runs.centredStepCost
    if mayCentre, centredCost < grouped.counts.cost, !weights.contains(.min) {
      runs = kern_quad_runs(eights: 0, fours: 0, twos: 0, ones: 0, is_centred: true)
      return
    }
    runs = grouped.counts
    let quadSize = width * 4
    weights = []
    weights.reserveCapacity(split.weights.count)
    for step in grouped.order {
      weights += split.weights[step * quadSize..<(step + 1) * quadSize]
    }
    order = grouped.order.map { split.order[$0] }
  }

  /// The weights quad by quad.
  static func inOrder(rows: [Int8], columns: Range<Int>, depth: Int) -> [Int8] {
    let quads = (depth + 3) / 4
    let width = columns.count <= 8 ? 8 : 16
    var packed = [Int8](repeating: 0, count: quads * width * 4)
    packed.withUnsafeMutableBytes { packed in
      rows.withUnsafeBytes { rows in
        for (lane, column) in columns.enumerated() {
          let row = column * depth
          for quad in 0..<depth / 4 {
            packed.storeBytes(
              of: rows.loadUnaligned(fromByteOffset: row + 4 * quad, as: UInt32.self),
              toByteOffset: (quad * width + lane) * 4, as: UInt32.self)
          }
          for k in depth / 4 * 4..<depth {
            packed[((k / 4) * width + lane) * 4 + k % 4] = rows[row + k]
          }
        }
      }
    }
    return packed
  }
}

/// Quads of a panel, some of them twice, each time with a part of their weights.
private struct SplitQuads {
  var weights: [Int8]
  var order: [UInt16]
  let width: Int

  /// Halves pairs that are too heavy alone. Two halves fit any codes: they weigh no more than 128.
  mutating func halve(_ bound: PairBound) {
    guard bound.isTight else { return }
    let quadSize = width * 4
    for (quad, largest) in largestSums.enumerated() where Int(largest) > bound.limit {
      var rest = [Int8](repeating: 0, count: quadSize)
      for offset in stride(from: 0, to: quadSize, by: 2) {
        let pair = quad * quadSize + offset
        var sum = WeightSum()
        sum.add(weights[pair])
        sum.add(weights[pair + 1])
        guard !bound.holds(sum) else { continue }
        for weight in [pair, pair + 1] {
          let half = weights[weight] / 2
          weights[weight] -= half
          rest[weight - quad * quadSize] = half
        }
      }
      weights += rest
      order.append(order[quad])
    }
  }

  /// Of the weights of one sign in one pair, for each quad.
  private var largestSums: [UInt16] {
    [UInt16](unsafeUninitializedCapacity: order.count) { largest, count in
      weights.withUnsafeBufferPointer { weights in
        guard let weights = weights.baseAddress, let first = largest.baseAddress else { return }
        kern_largest_pair_sums(weights, 2 * width, order.count, first)
      }
      count = order.count
    }
  }
}
