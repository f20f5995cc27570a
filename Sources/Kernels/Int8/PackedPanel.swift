internal import CKernels

/// One panel, with the faster of the two ways to step through it.
struct PackedPanel {
  /// `[step][8 or 16][4]`.
  private(set) var weights: [Int8]
  /// The quad of each step.
  private(set) var order: [UInt16]
  let runs: kern_quad_runs

  /// - `bound`: what a 16-bit sum holds; nil where products are added to 32 bits at once.
  /// - `mayCentre`: whether codes less 128 may be multiplied.
  init(rows: [Int8], columns: Range<Int>, depth: Int, bound: PairBound?, mayCentre: Bool) {
    let quads = (depth + 3) / 4
    let width = columns.count <= 8 ? 8 : 16
    weights = [Int8](repeating: 0, count: quads * width * 4)
    for (lane, column) in columns.enumerated() {
      for k in 0..<depth {
        weights[((k / 4) * width + lane) * 4 + k % 4] = rows[column * depth + k]
      }
    }
    order = (0..<quads).map(UInt16.init)
    guard let bound else {
      runs = kern_quad_runs(ones: UInt32(quads))
      return
    }
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
}

/// Quads of a panel, some of them twice, each time with a part of their weights.
private struct SplitQuads {
  var weights: [Int8]
  var order: [UInt16]
  let width: Int

  /// Halves pairs that are too heavy alone. Two halves fit any codes: they weigh no more than 128.
  mutating func halve(_ bound: PairBound) {
    let quadSize = width * 4
    for quad in order.indices {
      var rest = [Int8](repeating: 0, count: quadSize)
      var isSplit = false
      for offset in stride(from: 0, to: quadSize, by: 2) {
        let pair = quad * quadSize + offset
        var sum = WeightSum()
        sum.add(weights[pair])
        sum.add(weights[pair + 1])
        guard !bound.holds(sum) else { continue }
        isSplit = true
        for weight in [pair, pair + 1] {
          let half = weights[weight] / 2
          weights[weight] -= half
          rest[weight - quad * quadSize] = half
        }
      }
      guard isSplit else { continue }
      weights += rest
      order.append(order[quad])
    }
  }
}
