import Tensors

extension RandomRecipe {
  /// One made-up member for each input.
  func members(for inputs: [InputSpecification]) throws(DatasetError) -> [MemberChoice.Choice] {
    guard count > 0 else { throw .badOption(name: "The number of random samples", value: count) }
    var members: [MemberChoice.Choice] = []
    for input in inputs {
      guard Misfit.casts(.bool, to: input.elementType) || input.elementType == .bool else {
        throw .cannotPrepare(
          place: "random data for '\(input.name)'", reason: "\(input.elementType) cannot be made up"
        )
      }
      // A fixed batch is part of the sample, so that every batch differs.
      let isBatched = input.dimensions.first.map { $0 == nil } ?? false
      let extents = isBatched ? Array(input.dimensions.dropFirst()) : input.dimensions
      let known = extents.compactMap { $0 }
      guard known.count == extents.count, Shape(known).checkedElementCount ?? .max < 1 << 31 else {
        throw .needsShape(input: input.name, dimensions: dimensionText(input.dimensions))
      }
      let samples = RandomSamples(
        name: input.name, recipe: self, elementType: input.elementType, shape: Shape(known))
      members.append((DataMember(name: input.name, random: samples), "it is made up"))
    }
    return members
  }
}
