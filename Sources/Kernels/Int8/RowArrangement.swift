/// A column of a window: the weights of one channel from row to row.
struct WindowColumn {
  let base: UnsafePointer<Int8>
  let stride: Int

  subscript(row: Int) -> Int { Int(base[row * stride]) }
}

/// The columns of the windows of some channels, `[channels, height, width]`.
struct WindowColumns {
  private let taps: ArraySlice<Int8>
  private let height: Int
  private let width: Int

  init(_ taps: ArraySlice<Int8>, height: Int, width: Int) {
    self.taps = taps
    self.height = height
    self.width = width
  }

  func forEach(_ body: (_ column: WindowColumn, _ channel: Int, _ x: Int) -> Void) {
    taps.withUnsafeBufferPointer { taps in
      guard let base = taps.baseAddress else { return }
      for channel in 0..<taps.count / (height * width) {
        for x in 0..<width {
          body(
            WindowColumn(base: base + channel * height * width + x, stride: width), channel, x)
        }
      }
    }
  }

  func allSatisfy(_ predicate: (WindowColumn) -> Bool) -> Bool {
    var holds = true
    forEach { column, _, _ in holds = holds && predicate(column) }
    return holds
  }
}

/// Which rows of a window column stand in which pair.
struct RowArrangement: Equatable {
  /// Pairs one after another, filled up to whole quads with `nil`.
  let slots: [Int?]
  /// The slots of each pair in the order they are filled: a row that stands in no later pair goes
  /// first, as it has to fit here.
  private let order: [Int]
  private let height: Int

  var quads: Int { slots.count / 4 }

  private init(height: Int, pairs: [(Int?, Int?)]) {
    var slots = pairs.flatMap { [$0.0, $0.1] }
    while slots.count % 4 != 0 { slots.append(nil) }
    func isLast(_ slot: Int) -> Bool {
      slots[slot].map { !slots[(slot / 2 * 2 + 2)...].contains($0) } ?? true
    }
    order = stride(from: 0, to: slots.count, by: 2).flatMap { pair in
      isLast(pair + 1) && !isLast(pair) ? [pair + 1, pair] : [pair, pair + 1]
    }
    self.slots = slots
    self.height = height
  }

  /// Every row once.
  static func dense(height: Int) -> RowArrangement {
    RowArrangement(
      height: height,
      pairs: stride(from: 0, to: height, by: 2).map { ($0, $0 + 1 < height ? $0 + 1 : nil) })
  }

  /// Each pair shares a row with the next.
  static func chain(height: Int) -> RowArrangement {
    RowArrangement(
      height: height,
      pairs: (0..<max(height - 1, 1)).map { ($0, $0 + 1 < height ? $0 + 1 : nil) })
  }

  /// Every pair twice, so that halves of any weights fit.
  static func halves(height: Int) -> RowArrangement {
    RowArrangement(
      height: height,
      pairs: stride(from: 0, to: height, by: 2).flatMap { row -> [(Int?, Int?)] in
        row + 1 < height ? [(row, row + 1), (row, row + 1)] : [(row, nil)]
      })
  }

  /// Fewest quads first.
  static func candidates(height: Int) -> [RowArrangement] {
    [chain(height: height), dense(height: height), halves(height: height)]
      .enumerated()
      .sorted { ($0.element.quads, $0.offset) < ($1.element.quads, $1.offset) }
      .map(\.element)
  }

  func holds(_ column: WindowColumn, bound: PairBound) -> Bool {
    spread(column, bound: bound) { _, _ in }
  }

  /// Tells the part of its row's weight that each slot takes.
  /// - Returns: whether all weights fit.
  func spread(
    _ column: WindowColumn, bound: PairBound, _ take: (_ slot: Int, _ part: Int8) -> Void
  ) -> Bool {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: height) { rest in
      for row in 0..<height { rest.initializeElement(at: row, to: column[row]) }
      for pair in stride(from: 0, to: slots.count, by: 2) {
        var room = (positive: bound.limit, negative: bound.limit)
        for slot in order[pair...pair + 1] {
          guard let row = slots[slot] else { continue }
          let part =
            rest[row] >= 0
            ? min(rest[row], room.positive, Int(Int8.max))
            : max(rest[row], -room.negative, Int(Int8.min))
          if part >= 0 { room.positive -= part } else { room.negative += part }
          rest[row] -= part
          take(slot, Int8(part))
        }
      }
      return rest.allSatisfy { $0 == 0 }
    }
  }

  /// Whether the weights fit where pairs are added across the two quads of a column.
  func holdsQuadsTogether(_ column: WindowColumn, bound: PairBound) -> Bool {
    for pair in stride(from: 0, to: 4, by: 2) {
      var sum = WeightSum()
      for slot in [pair, pair + 1, pair + 4, pair + 5] {
        if let row = slots[slot] { sum.add(Int8(column[row])) }
      }
      if !bound.holds(sum) { return false }
    }
    return true
  }
}
