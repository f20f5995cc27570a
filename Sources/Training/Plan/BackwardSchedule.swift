internal import Tensors

/// Which steps run backwards, and what is added up between them.
struct BackwardSchedule {
  struct Addition {
    let from: Slot
    let to: Slot
    let count: Int
  }

  /// For every step: whether a gradient reaches it.
  private(set) var isActive: [Bool]
  /// Gradients that nobody writes, for every step that reads them.
  private(set) var zeroed: [[(slot: Slot, count: Int)]]
  /// Sums to take behind every step.
  private(set) var additions: [[Addition]]
  /// Parameters that a gradient reaches.
  private(set) var reached: Set<Int> = []

  /// - Parameter targets: values whose gradients are given from outside.
  init(_ builder: PlanBuilder, targets: [PlanValue]) {
    let records = builder.records
    isActive = Array(repeating: false, count: records.count)
    zeroed = Array(repeating: [], count: records.count)
    additions = Array(repeating: [], count: records.count)
    let given = Set(targets.map(ObjectIdentifier.init))
    var receives = given
    for index in records.indices.reversed() {
      let record = records[index]
      guard record.made.contains(where: { receives.contains(ObjectIdentifier($0)) }),
        !record.uses.isEmpty
      else { continue }
      isActive[index] = true
      for value in record.made where !receives.contains(ObjectIdentifier(value)) {
        if let gradient = value.gradient {
          zeroed[index].append((gradient, value.shape.elementCount))
        }
      }
      for (value, _) in record.uses { receives.insert(ObjectIdentifier(value)) }
    }
    let values = records.flatMap(\.made) + builder.parameterValues
    for value in values where receives.contains(ObjectIdentifier(value)) {
      guard let gradient = value.gradient else { continue }
      if case .parameterGradient(let number) = builder.slots[gradient.rawValue].home {
        reached.insert(number)
      }
      // The last reader is the first to write a gradient.
      var isWritten = given.contains(ObjectIdentifier(value))
      for use in value.uses.reversed() where isActive[use.step] {
        if isWritten {
          additions[use.step].append(
            Addition(from: use.gradient, to: gradient, count: value.shape.elementCount))
        } else {
          builder.setAlias(use.gradient, of: gradient)
          isWritten = true
        }
      }
    }
    builder.shareGradients(targets: targets, isActive: isActive)
  }
}
