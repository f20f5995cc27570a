internal import Execution

/// Where the slots of a plan lie in its arena, none over another that is alive at the same time.
struct SlotPlacement {
  /// Byte offsets by slot number.
  private(set) var offsets: [Int: Int] = [:]
  private(set) var byteCount = 0

  /// Step `i` of `n` runs forwards at moment `i` and backwards at `2n - i`; the loss is taken at `n`.
  init(
    records: [StepRecord], schedule: BackwardSchedule, outputs: [PlanValue],
    slots: [(count: Int, home: SlotHome)]
  ) {
    var lives: [Int: MemoryPlanner.Lifetime] = [:]
    func touch(_ slot: Slot?, at moment: Int) {
      guard var slot else { return }
      while case .alias(let other) = slots[slot.rawValue].home { slot = other }
      guard case .arena = slots[slot.rawValue].home else { return }
      var life =
        lives[slot.rawValue]
        ?? MemoryPlanner.Lifetime(
          byteCount: max(slots[slot.rawValue].count, 1) * 4, first: moment, last: moment)
      life.first = min(life.first, moment)
      life.last = max(life.last, moment)
      lives[slot.rawValue] = life
    }
    let count = records.count
    for (index, record) in records.enumerated() {
      let back = 2 * count - index
      for value in record.operands + record.made { touch(value.slot, at: index) }
      for slot in record.keeps {
        touch(slot, at: index)
        if schedule.isActive[index] { touch(slot, at: back) }
      }
      guard schedule.isActive[index] else { continue }
      for value in record.made { touch(value.gradient, at: back) }
      for (value, slot) in record.uses {
        touch(slot, at: back)
        touch(value.gradient, at: back)
      }
    }
    for value in outputs {
      touch(value.slot, at: 2 * count)
      touch(value.gradient, at: count)
    }
    let order = lives.keys.sorted()
    let placed = MemoryPlanner.place(
      order.map { lives[$0] ?? .init(byteCount: 0, first: 0, last: 0) })
    for (slot, offset) in zip(order, placed.offsets) { offsets[slot] = offset }
    byteCount = placed.byteCount
    placeScratch(records, slots)
  }

  /// Working memory lives during one step only, so that all steps have theirs in the same place.
  private mutating func placeScratch(
    _ records: [StepRecord], _ slots: [(count: Int, home: SlotHome)]
  ) {
    let start = byteCount
    for record in records {
      var end = start
      for slot in record.scratch {
        offsets[slot.rawValue] = end
        end += (slots[slot.rawValue].count * 4 + 63) / 64 * 64
      }
      byteCount = max(byteCount, end)
    }
  }
}
