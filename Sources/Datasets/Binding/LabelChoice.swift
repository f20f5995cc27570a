import Tensors

/// Finds the member that says which class each sample is.
struct LabelChoice {
  let source: DatasetSource
  let options: DatasetOptions
  /// How many samples need one.
  let rows: Int

  /// `member`: the member that feeds the first input; labels of the same part go with it.
  /// - Returns: `nil` when none was asked for and none is there.
  func labels(
    beside member: String?
  ) throws(DatasetError) -> (member: String, values: [Int64])? {
    if let name = options.labels {
      return (name, try values(of: try source.member(name)))
    }
    let part = member.map { MemberRole($0).part }
    let candidates = source.members.filter { candidate in
      let role = MemberRole(candidate.name)
      return role.isLabels && (role.part == part || role.part == .unnamed)
        && candidate.dimensions.first == rows && candidate.elementType != .string
        && candidate.name != member
    }
    // Labels of the same part come before those of none.
    let sorted =
      candidates.filter { MemberRole($0.name).part == part }
      + candidates.filter { MemberRole($0.name).part != part }
    for candidate in sorted {
      do throws(DatasetError) { return (candidate.name, try values(of: candidate)) } catch {
        continue
      }
    }
    return nil
  }

  private func values(of member: DataMember) throws(DatasetError) -> [Int64] {
    let extents = member.dimensions
    guard extents.first == rows, extents.dropFirst().allSatisfy({ $0 == 1 }) else {
      throw .badLabels(
        member: member.name,
        reason: "it is \(dimensionText(extents)) and there are \(rows) samples, one class each")
    }
    guard Misfit.casts(member.elementType, to: .float64) else {
      throw .badLabels(member: member.name, reason: "it holds \(member.elementType), not classes")
    }
    let tensor = try member.tensor()
    do throws(DatasetError) {
      return try tensor.converted(to: .int64, rounding: false, place: member.name).array()
    } catch {
      throw .badLabels(member: member.name, reason: "it holds values that are no whole numbers")
    }
  }
}
