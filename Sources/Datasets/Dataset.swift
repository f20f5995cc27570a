import Tensors

/// Which member feeds an input.
package struct InputBinding: Sendable {
  package let input: InputSpecification
  package let member: DataMember
  /// Why this member, as the end of a sentence: "its shape and type fit".
  package let reason: String
}

/// Samples of one source, chosen and prepared for the inputs of one model.
///
/// Nothing but headers is read before the first batch is asked for.
package struct Dataset: Sendable {
  package let source: DatasetSource
  package let options: DatasetOptions
  package let bindings: [InputBinding]
  /// How many samples the batches hold together.
  package let sampleCount: Int
  package let batchCount: Int
  /// The member that gives the labels.
  package let labelMember: String?
  /// What was chosen and understood, in sentences.
  package let notes: [String]
  /// What keeps the data from fitting the model; `batch(at:)` throws the first of it.
  package let misfits: [DoctorFinding]

  let sampleBindings: [SampleBinding]
  /// Inputs for which one value serves every batch.
  private let constants: Set<String>
  /// The units of data in the order in which they are given.
  private let order: [Int]
  private let unitsPerBatch: Int
  /// Units with which a sequence begins.
  private let sequenceStarts: Set<Int>
  private let rowsPerUnit: Int
  private let labels: [Int64]?

  package init(
    _ source: DatasetSource, inputs: [InputSpecification], options: DatasetOptions
  ) throws(DatasetError) {
    try Self.check(options, inputs: inputs)
    let choices: [MemberChoice.Choice]
    if let recipe = source.random {
      choices = try recipe.members(for: inputs)
    } else {
      choices = try MemberChoice(
        source: source, purpose: options.purpose, areSteps: !options.states.isEmpty,
        preprocessing: options.preprocessing(for:)
      ).choices(for: inputs, mapping: options.mapping)
    }
    var notes = source.notes
    // First with whole stores, to count; then with stores that read no further than needed.
    var bound: [SampleBinding] = []
    for (input, choice) in zip(inputs, choices) {
      let (steps, note) = choice.member.preprocessing(options.preprocessing(for: input), for: input)
      if let note { notes.append(note) }
      bound.append(
        try Self.binding(choice.member, input, steps, areSteps: !options.states.isEmpty))
    }
    let units = try UnitCount(bound)
    let unitLimit = options.limit.map { max(1, $0 / units.rowsPerUnit) } ?? units.count
    var order = Array(0..<units.count)
    if let seed = options.seed {
      var generator = SeededGenerator(seed: seed)
      order = generator.permutation(of: units.count)
    }
    order = Array(order.prefix(unitLimit))
    let lastRow = (order.max() ?? 0) + 1
    sampleBindings = zip(bound, choices).map { binding, choice in
      SampleBinding.fitting(
        choice.member, to: binding.input, preprocessing: binding.preprocessing,
        upTo: lastRow * binding.rowsPerUnit, areSteps: !options.states.isEmpty) ?? binding
    }
    for (binding, choice) in zip(bound, choices) where !source.isRandom {
      notes.append(
        "'\(binding.input.name)' takes \(choice.member): \(choice.reason).")
    }
    notes += units.notes
    notes += Self.castNotes(bound)
    bindings = zip(inputs, choices).map {
      InputBinding(input: $0, member: $1.member, reason: $1.reason)
    }
    self.source = source
    self.options = options
    self.order = order
    constants = units.constants
    sequenceStarts = Set(
      bound.first { !units.constants.contains($0.input.name) }.map { binding in
        binding.store.starts.map { $0 / binding.rowsPerUnit }
      } ?? [0])
    rowsPerUnit = units.rowsPerUnit
    unitsPerBatch = units.isFlexible ? options.batchSize : 1
    sampleCount = order.count * units.rowsPerUnit
    batchCount = (order.count + unitsPerBatch - 1) / unitsPerBatch
    if !units.isFlexible && options.batchSize > 1 {
      notes.append(
        "The model fixes its batch at \(units.rowsPerUnit), so that is what each batch holds.")
    }
    misfits = zip(bound, choices).compactMap { binding, choice in
      binding.misfit.map {
        DoctorFinding(
          severity: .error, what: $0.what,
          place: "input '\(binding.input.name)' from '\(choice.member.name)'",
          whatToDo: $0.whatToDo)
      }
    }
    let found = try LabelChoice(source: source, options: options, rows: units.rows)
      .labels(beside: choices.first?.member.name)
    labels = found?.values
    labelMember = found?.member
    if let found, options.labels == nil {
      notes.append("'\(found.member)' gives the labels.")
    }
    self.notes = notes
  }

  /// Whether no step before it belongs to the sequence of the batch at a place.
  package func startsSequence(at index: Int) -> Bool {
    index == 0 || sequenceStarts.contains(order[index * unitsPerBatch])
  }

  /// The batch at a place in `0..<batchCount`.
  package func batch(at index: Int) throws(DatasetError) -> Batch {
    if let misfit = misfits.first {
      throw .doesNotFit(place: misfit.place, what: misfit.what, whatToDo: misfit.whatToDo)
    }
    return try checked(try assembled(at: index))
  }

  /// The batch itself, when the model can take it.
  func checked(_ batch: Batch) throws(DatasetError) -> Batch {
    for (binding, input) in zip(sampleBindings, batch.inputs) {
      let misfit = Misfit(
        found: input.tensor.shape.dimensions, input.tensor.elementType, for: binding.input,
        preprocessing: binding.preprocessing)
      if let misfit {
        throw .doesNotFit(
          place: "input '\(input.name)', batch \(batch.index + 1)", what: misfit.what,
          whatToDo: misfit.whatToDo)
      }
    }
    return batch
  }

  /// The batch as it would be fed, whether or not the model can take it.
  func assembled(at index: Int) throws(DatasetError) -> Batch {
    precondition(index >= 0 && index < batchCount, "batch \(index) of \(batchCount)")
    let start = index * unitsPerBatch
    let units = Array(order[start..<min(start + unitsPerBatch, order.count)])
    var inputs: [(name: String, tensor: Tensor)] = []
    for binding in sampleBindings {
      let own = constants.contains(binding.input.name) ? [0] : units
      inputs.append((binding.input.name, try binding.tensor(units: own)))
    }
    let rows = units.flatMap { Array($0 * rowsPerUnit..<($0 + 1) * rowsPerUnit) }
    return Batch(
      index: index, range: start * rowsPerUnit..<start * rowsPerUnit + rows.count,
      inputs: inputs, labels: labels.map { labels in rows.map { labels[$0] } })
  }

  /// The labels of every sample that the batches hold.
  var chosenLabels: [Int64]? {
    labels.map { labels in
      order.flatMap { unit in labels[unit * rowsPerUnit..<(unit + 1) * rowsPerUnit] }
    }
  }

  /// Whether one value of an input serves every batch.
  package func isConstant(_ input: String) -> Bool { constants.contains(input) }

  private static func check(
    _ options: DatasetOptions, inputs: [InputSpecification]
  ) throws(DatasetError) {
    if let limit = options.limit, limit < 1 { throw .badOption(name: "--limit", value: limit) }
    guard options.batchSize > 0 else {
      throw .badOption(name: "--batch", value: options.batchSize)
    }
    if let link = options.states.first {
      if options.batchSize > 1 { throw .steps(link: link, option: "--batch") }
      if options.seed != nil { throw .steps(link: link, option: "--seed") }
    }
    let names = inputs.map(\.name)
    for name in options.preprocessingByInput.keys.sorted() where !names.contains(name) {
      throw .inputMissing(name: name, nearest: NearestName.to(name, among: names), known: names)
    }
  }

  private static func binding(
    _ member: DataMember, _ input: InputSpecification, _ steps: Preprocessing, areSteps: Bool
  ) throws(DatasetError) -> SampleBinding {
    if let binding = SampleBinding.fitting(
      member, to: input, preprocessing: steps, areSteps: areSteps)
    {
      return binding
    }
    let prepared = steps.isIdentity ? "" : ", after --preprocess \(steps.text),"
    throw .doesNotFit(
      place: "input '\(input.name)'",
      what: "It takes \(input), and \(member)\(prepared) cannot be cut into samples for it.",
      whatToDo: "Map another member with --map \(input.name)=MEMBER, or check --preprocess.")
  }

  private static func castNotes(_ bindings: [SampleBinding]) -> [String] {
    bindings.compactMap { binding in
      let (from, to) = (binding.store.elementType, binding.input.elementType)
      guard from != to, binding.misfit == nil, binding.preprocessing.isIdentity else { return nil }
      return "'\(binding.input.name)' is cast from \(from) to \(to)."
    }
  }
}
