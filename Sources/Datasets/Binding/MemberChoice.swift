import Tensors

/// Which member feeds which input, and why.
struct MemberChoice {
  let source: DatasetSource
  let purpose: DatasetPurpose
  let areSteps: Bool
  let preprocessing: (InputSpecification) -> Preprocessing

  typealias Choice = (member: DataMember, reason: String)

  /// One member for each input, in the order of the inputs.
  func choices(
    for inputs: [InputSpecification], mapping: [String: String]
  ) throws(DatasetError) -> [Choice] {
    let names = inputs.map(\.name)
    for key in mapping.keys.sorted() where !names.contains(key) {
      throw .inputMissing(name: key, nearest: NearestName.to(key, among: names), known: names)
    }
    var chosen: [String: Choice] = [:]
    for input in inputs {
      guard let wanted = mapping[input.name] else { continue }
      chosen[input.name] = (try member(named: wanted), "as mapped")
    }
    for (position, input) in inputs.enumerated() where chosen[input.name] == nil {
      chosen[input.name] = byName(input, position: position, among: inputs)
    }
    for input in inputs where chosen[input.name] == nil {
      let taken = chosen.values.map(\.member.name)
      let rest = source.members.filter { member in
        !taken.contains(member.name) && !MemberRole(member.name).isLabels
          && !member.name.hasPrefix("output_")
      }
      chosen[input.name] = try byFit(input, among: rest)
    }
    return inputs.compactMap { chosen[$0.name] }
  }

  /// A member, or several joined by `+`.
  private func member(named name: String) throws(DatasetError) -> DataMember {
    if source.members.contains(where: { $0.name == name }) || !name.contains("+") {
      return try source.member(name)
    }
    var members: [DataMember] = []
    for part in name.split(separator: "+") { members.append(try source.member(String(part))) }
    guard !members.isEmpty else { return try source.member(name) }
    return try DataMember(joining: members)
  }

  /// The member called as the input is, or so but for the part it belongs to (`calib_x` for `x`).
  private func byName(
    _ input: InputSpecification, position: Int, among inputs: [InputSpecification]
  ) -> Choice? {
    if let member = source.members.first(where: { $0.name == input.name }) {
      return (member, "its name is the input's")
    }
    let wanted = MemberRole.normalized(input.name)
    for part in MemberRole.preference(purpose) {
      let matching = source.members.filter { member in
        let role = MemberRole(member.name)
        return role.part == part && !role.isLabels && role.base == wanted
      }
      if matching.count == 1, binding(matching[0], input)?.misfit == nil {
        return (matching[0], "its name is the input's" + partReason(part))
      }
    }
    let recorded = "input_\(position)"
    guard let member = source.members.first(where: { $0.name == recorded }) else { return nil }
    return (member, "it is number \(position) of a recorded run")
  }

  /// The one member whose shape and type the input takes.
  private func byFit(
    _ input: InputSpecification, among members: [DataMember]
  ) throws(DatasetError) -> Choice {
    let bound = members.compactMap { member in binding(member, input).map { (member, $0) } }
    let fitting = bound.filter { $0.1.misfit == nil }.map(\.0)
    // Images with their channels at the other end are surely meant, and the doctor will say so.
    let turned = bound.filter { $0.1.misfit?.whatToDo.contains("layout=") ?? false }.map(\.0)
    let candidates = !fitting.isEmpty ? fitting : !turned.isEmpty ? turned : bound.map(\.0)
    let reason = !fitting.isEmpty ? "its shape and type fit" : "it comes nearest"
    for part in MemberRole.preference(purpose) {
      let group = candidates.filter { MemberRole($0.name).part == part }
      if group.isEmpty { continue }
      guard group.count == 1 else {
        let join = group.map(\.name).joined(separator: "+")
        throw .ambiguous(
          input: input.name, candidates: group.map(\.description),
          advice: "Choose with --map \(input.name)=\(group[0].name), "
            + "or take them one after the other with --map \(input.name)=\(join).")
      }
      let others = candidates.filter { $0.name != group[0].name }.map { "'\($0.name)'" }
      let passed = others.isEmpty ? "" : "; also possible: \(others.joined(separator: ", "))"
      let only = members.count == 1 ? "nothing else could be meant" : reason
      return (group[0], only + partReason(part) + passed)
    }
    throw .noMember(
      input: input.name, wanted: input.description, source: source.name,
      members: source.members.map(\.description))
  }

  private func binding(_ member: DataMember, _ input: InputSpecification) -> SampleBinding? {
    SampleBinding.fitting(
      member, to: input,
      preprocessing: member.preprocessing(preprocessing(input), for: input).steps,
      areSteps: areSteps)
  }

  private func partReason(_ part: MemberRole.Part) -> String {
    switch (part, purpose) {
    case (.calibration, .calibration): " and it is there for calibration"
    case (.test, .evaluation), (.validation, .evaluation): " and it is there for evaluation"
    default: ""
    }
  }
}

extension MemberRole {
  /// A name as `base` would have it.
  static func normalized(_ name: String) -> String {
    name.lowercased().split { "_-. ".contains($0) }.joined(separator: "_")
  }
}

extension DataMember {
  /// The steps for this member: images are known to have their channels last, and colour.
  /// - Returns: the steps, and what was added without being asked.
  func preprocessing(
    _ steps: Preprocessing, for input: InputSpecification
  ) -> (steps: Preprocessing, note: String?) {
    guard case .images = contents, input.dimensions.count == 4 else { return (steps, nil) }
    var steps = steps
    var added: [String] = []
    let (first, last) = (input.dimensions[1], input.dimensions[3])
    if steps.order == nil, first == 1 || last == 1, first != 3, last != 3 {
      steps.order = .gray
      added.append("order=gray")
    }
    if steps.sourceLayout == nil {
      steps.sourceLayout = .channelsLast
      let channels = steps.order == .gray ? 1 : 3
      if first == channels && last != channels {
        steps.layout = .channelsFirst
        added.append("layout=nhwc->nchw")
      } else {
        steps.layout = .channelsLast
      }
    }
    guard !added.isEmpty else { return (steps, nil) }
    return (
      steps,
      "Images come as height × width × 3 and '\(input.name)' takes "
        + "\(dimensionText(input.dimensions)), so \(added.joined(separator: ",")) was added."
    )
  }
}
