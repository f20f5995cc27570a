package import Tensors

extension DatasetSource {
  /// Whole members as the inputs of one run, without cutting them into samples.
  ///
  /// An input takes the member that `mapping` names, else the one with its own name, else the one
  /// that ONNX's test data number like it (`input_0`), else, where there is one of each, the only
  /// one.
  package func wholeInputs(
    for inputs: [InputSpecification], mapping: [String: String] = [:]
  ) throws(DatasetError) -> (inputs: [(name: String, tensor: Tensor)], notes: [String]) {
    let names = inputs.map(\.name)
    for key in mapping.keys.sorted() where !names.contains(key) {
      throw .inputMissing(name: key, nearest: NearestName.to(key, among: names), known: names)
    }
    var notes = self.notes
    var used: Set<String> = []
    var tensors: [(name: String, tensor: Tensor)] = []
    for (position, input) in inputs.enumerated() {
      let member = try wholeMember(
        for: input, at: position, mapping: mapping, isOnly: inputs.count == 1)
      used.insert(member.name)
      var tensor = try member.tensor()
      if tensor.elementType != input.elementType,
        Misfit.casts(tensor.elementType, to: input.elementType)
      {
        notes.append("'\(input.name)' is cast from \(tensor.elementType) to \(input.elementType).")
        tensor = try tensor.converted(
          to: input.elementType, rounding: false, place: "'\(member.name)'")
      }
      let misfit = Misfit(
        found: tensor.shape.dimensions, tensor.elementType, for: input,
        preprocessing: Preprocessing())
      if let misfit {
        throw .doesNotFit(
          place: "input '\(input.name)' from '\(member.name)'", what: misfit.what,
          whatToDo: "Give a member of that shape and type; nothing is preprocessed here.")
      }
      tensors.append((input.name, tensor))
    }
    let unused = members.map(\.name).filter { !used.contains($0) }
    if !unused.isEmpty {
      let list = unused.map { "'\($0)'" }.joined(separator: ", ")
      notes.append("Not used: \(list).")
    }
    return (tensors, notes)
  }

  private func wholeMember(
    for input: InputSpecification, at position: Int, mapping: [String: String], isOnly: Bool
  ) throws(DatasetError) -> DataMember {
    if let name = mapping[input.name] { return try member(name) }
    if members.contains(where: { $0.name == input.name }) { return try member(input.name) }
    if let numbered = members.first(where: { $0.name == "input_\(position)" }) { return numbered }
    guard isOnly, members.count == 1 else {
      throw .noMember(
        input: input.name, wanted: input.description, source: name,
        members: members.map(\.description))
    }
    return members[0]
  }
}
