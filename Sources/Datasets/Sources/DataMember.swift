package import Tensors

/// One named array that a source offers, or a series of files that belong together.
package struct DataMember: Sendable, CustomStringConvertible {
  enum Contents: Sendable {
    /// One array, whose rows are usually the samples.
    case array(ArrayReference)
    /// Files that follow each other: each a sample, or each some rows.
    case series([ArrayReference])
    /// One file for each recorded run of a model, each a whole input.
    case runs([ArrayReference])
    case images([String])
    /// Members of the same kind, one after the other.
    case joined([DataMember])
    case random(RandomSamples)
  }

  package let name: String
  package let elementType: ElementType
  /// Of the whole member, samples first; `nil` for extents that differ or are not known yet.
  package let dimensions: [Int?]
  let contents: Contents

  init(name: String, array: ArrayReference) {
    self.name = name
    elementType = array.elementType
    dimensions = array.shape.dimensions.map(Optional.some)
    contents = .array(array)
  }

  init(name: String, images: [String]) {
    self.name = name
    elementType = .uint8
    dimensions = [images.count, nil, nil, 3]
    contents = .images(images)
  }

  init(name: String, random: RandomSamples) {
    self.name = name
    elementType = random.elementType
    dimensions = [random.count] + random.sampleDimensions
    contents = .random(random)
  }

  /// - Throws: when the files differ in type or rank.
  init(name: String, files: [ArrayReference], areRuns: Bool) throws(DatasetError) {
    for file in files {
      guard let first = files.first, file.elementType == first.elementType,
        file.shape.rank == first.shape.rank
      else {
        throw .doesNotFit(
          place: file.place,
          what: "It is \(file.elementType) \(file.shape), where \(files[0].place) is "
            + "\(files[0].elementType) \(files[0].shape).",
          whatToDo: "Files of one series need one type and rank.")
      }
    }
    self.name = name
    elementType = files.first?.elementType ?? .float32
    dimensions = [files.count] + commonDimensions(files.map { $0.shape.dimensions[...] })
    contents = areRuns ? .runs(files) : .series(files)
  }

  /// - Throws: when the members differ in type or rank.
  init(joining members: [DataMember]) throws(DatasetError) {
    name = members.map(\.name).joined(separator: "+")
    let first = members[0]
    for member in members.dropFirst()
    where member.elementType != first.elementType
      || member.dimensions.count != first.dimensions.count || first.dimensions.isEmpty
    {
      throw .doesNotFit(
        place: name, what: "\(first) and \(member) cannot follow each other.",
        whatToDo: "Join members of one type and rank.")
    }
    elementType = first.elementType
    let counts = members.compactMap { $0.dimensions[0] }
    let common = members.dropFirst().reduce(Array(first.dimensions.dropFirst())) { common, next in
      zip(common, next.dimensions.dropFirst()).map { $0 == $1 ? $0 : nil }
    }
    dimensions = [counts.reduce(0, +)] + common
    contents = .joined(members)
  }

  /// `calib_x float32 256×1×28×28`.
  package var description: String { "\(name) \(elementType) \(dimensionText(dimensions))" }

  /// The ways to see the member as samples, most usual first.
  ///
  /// `rows`: later samples will not be asked for.
  func stores(upTo rows: Int = .max) -> [any SampleStore] {
    switch contents {
    case .array(let array):
      let whole = StackedArrays(arrays: [array])
      return array.shape.rank == 0 ? [whole] : [array.rows(upTo: rows), whole]
    case .series(let files):
      let each = StackedArrays(arrays: files)
      guard let rank = files.first?.shape.rank, rank > 0 else { return [each] }
      return [each, ConcatenatedStores(files.map { $0.rows(upTo: .max) })]
    case .runs(let files):
      return [StackedArrays(arrays: files)]
    case .images(let paths):
      return [ImageFiles(paths: paths)]
    case .joined(let members):
      let parts = members.map { $0.stores(upTo: .max) }
      let ways = parts.map(\.count).min() ?? 0
      return (0..<ways).map { way in ConcatenatedStores(parts.map { $0[way] }) }
    case .random(let samples):
      return [samples]
    }
  }

  /// The ways to see the member as steps of sequences.
  func sequences(_ framing: Framing?) -> [any SampleStore] {
    let stores = stores()
    guard let framing else { return stores + stores.compactMap { NestedRows($0) } }
    return stores.compactMap { FramedRecordings($0, framing) }
  }

  /// All of it as one tensor.
  func tensor() throws(DatasetError) -> Tensor {
    switch contents {
    case .array(let array):
      return try array.tensor()
    case .runs(let files) where files.count == 1:
      return try files[0].tensor()
    case .series, .runs, .images, .joined, .random:
      let store = stores()[0]
      var samples: [Tensor] = []
      for index in 0..<store.count { samples.append(try store.sample(index)) }
      return try Tensor.stacked(samples, place: name)
    }
  }
}
