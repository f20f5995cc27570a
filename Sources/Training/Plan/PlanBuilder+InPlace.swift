internal import Tensors

/// Steps that work in place: less memory to go through, and less to have.
extension PlanBuilder {
  /// Puts what such a step makes over what it reads, where nobody else wants that.
  /// - Parameter targets: values that are read from outside.
  func shareValues(targets: [PlanValue]) {
    var readers: [Slot: Int] = [:]
    var kept: Set<Slot> = []
    for record in records {
      for value in record.operands { readers[value.slot, default: 0] += 1 }
      kept.formUnion(record.keeps)
    }
    kept.formUnion(targets.map(\.slot))
    for record in records where record.step.worksInPlace {
      guard let (value, made) = record.single, case .arena = slots[value.slot.rawValue].home,
        readers[value.slot] == 1, !kept.contains(value.slot), isMade(value)
      else { continue }
      setAlias(made.slot, of: value.slot)
    }
  }

  /// The same for gradients, on their way back.
  func shareGradients(targets: [PlanValue], isActive: [Bool]) {
    let given = Set(targets.map(ObjectIdentifier.init))
    for (index, record) in records.enumerated() where record.step.worksInPlace && isActive[index] {
      guard let (value, made) = record.single, let to = value.gradient, let from = made.gradient,
        case .arena = slots[to.rawValue].home,
        value.uses.count(where: { isActive[$0.step] }) == 1,
        !given.contains(ObjectIdentifier(value)), !given.contains(ObjectIdentifier(made))
      else { continue }
      setAlias(to, of: from)
    }
  }

  /// Whether some step makes the value, and not the caller.
  private func isMade(_ value: PlanValue) -> Bool {
    records.contains { $0.made.contains { $0 === value } }
  }
}

extension StepRecord {
  /// The only value read and the only one made, of the same size.
  fileprivate var single: (read: PlanValue, made: PlanValue)? {
    guard operands.count == 1, made.count == 1,
      operands[0].shape.elementCount == made[0].shape.elementCount
    else { return nil }
    return (operands[0], made[0])
  }
}
