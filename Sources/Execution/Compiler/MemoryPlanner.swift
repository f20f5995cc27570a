/// Places buffers in one arena so that those alive at the same time never overlap.
package struct MemoryPlanner {
  /// A buffer's bytes and the steps during which it must not be overwritten.
  package struct Lifetime {
    package var byteCount: Int
    /// The step that writes it first.
    package var first: Int
    /// The last step that reads or writes it, at least `first`.
    package var last: Int

    package init(byteCount: Int, first: Int, last: Int) {
      self.byteCount = byteCount
      self.first = first
      self.last = last
    }
  }

  private static let alignment = 64

  /// Byte offsets in the order of `lifetimes`, and the size of the arena.
  ///
  /// Largest first, each at the lowest offset that is free during its life. Offsets are multiples
  /// of 64.
  package static func place(_ lifetimes: [Lifetime]) -> (offsets: [Int], byteCount: Int) {
    var offsets = [Int](repeating: 0, count: lifetimes.count)
    var placed: [Int] = []
    var total = 0
    let order = lifetimes.indices.sorted {
      (lifetimes[$0].byteCount, -$0) > (lifetimes[$1].byteCount, -$1)
    }
    for index in order {
      let life = lifetimes[index]
      let size = rounded(life.byteCount)
      var offset = 0
      // `placed` is sorted by offset, so the first gap that is wide enough is the lowest.
      for other in placed
      where lifetimes[other].first <= life.last && life.first <= lifetimes[other].last {
        if offset + size <= offsets[other] { break }
        offset = max(offset, offsets[other] + rounded(lifetimes[other].byteCount))
      }
      offsets[index] = offset
      let position = placed.firstIndex { offsets[$0] > offset } ?? placed.endIndex
      placed.insert(index, at: position)
      total = max(total, offset + size)
    }
    return (offsets, total)
  }

  private static func rounded(_ byteCount: Int) -> Int {
    (byteCount + alignment - 1) / alignment * alignment
  }
}
