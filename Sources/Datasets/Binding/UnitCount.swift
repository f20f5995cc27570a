import Tensors

/// How many units of data all inputs have in common.
struct UnitCount {
  let count: Int
  /// Rows in a unit of the input that is batched; labels count in rows.
  let rowsPerUnit: Int
  /// Whether every input takes any number of units at once.
  let isFlexible: Bool
  /// Inputs of which there is one value, for every batch.
  let constants: Set<String>
  let notes: [String]

  /// Rows that the data has, used or not.
  let rows: Int

  init(_ bindings: [SampleBinding]) throws(DatasetError) {
    let greatest = bindings.map(\.unitCount).max() ?? 0
    let varying = bindings.filter { binding in
      binding.unitCount != 1 || greatest <= 1 || binding.isFlexible
    }
    let counts = Set(varying.map(\.unitCount))
    guard counts.count <= 1 else {
      throw .countsDiffer(counts: bindings.map { "'\($0.input.name)' has \($0.unitCount)" })
    }
    guard let count = counts.first, count > 0 else {
      throw .noSamples(source: "The data", reason: "its first dimension is 0 or too short")
    }
    self.count = count
    let names = Set(varying.map(\.input.name))
    let constant = bindings.filter { !names.contains($0.input.name) }
    constants = Set(constant.map(\.input.name))
    isFlexible = varying.allSatisfy(\.isFlexible)
    rowsPerUnit = varying.map(\.rowsPerUnit).max() ?? 1
    rows = varying.map(\.store.count).max() ?? 0
    let leftOver = rows - count * rowsPerUnit
    notes =
      constant.map { "'\($0.input.name)' has one value, which every batch gets." }
      + (leftOver > 0
        ? ["The last \(leftOver) rows do not fill a batch of \(rowsPerUnit) and are not used."]
        : [])
  }
}
