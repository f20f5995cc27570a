package import Tensors

/// Something that data can be taken from; opened by looking at headers, not at data.
package struct DatasetSource: Sendable {
  /// What people call it: a file's or folder's name, or "random data (seed 7)".
  package let name: String
  package let members: [DataMember]
  /// What was left out or understood in a way that may surprise.
  package let notes: [String]
  /// Every file that the data comes from, sorted.
  package let paths: [String]
  /// Set when the data is made up.
  package let random: RandomRecipe?
  /// Members that are there and cannot be read, with the reason.
  let unreadable: [String: DatasetError]

  package var isRandom: Bool { random != nil }

  init(
    name: String, members: [DataMember], notes: [String] = [], paths: [String],
    random: RandomRecipe? = nil, unreadable: [String: DatasetError] = [:]
  ) {
    self.name = name
    self.members = members
    self.notes = notes
    self.paths = paths
    self.random = random
    self.unreadable = unreadable
  }

  /// Opens a `.npz`, `.npy`, `.pb`, `.png` or `.jpg` file, or a folder.
  ///
  /// A folder holds one kind of file, sorted by name with numbers in order: `.npy` or `.pb`, whose
  /// numbered names (`sample_001.npy`) make a series of samples and whose other names are members
  /// of their own; images, where subfolders are classes and give the member `labels`; or ONNX's
  /// `test_data_set_0/input_0.pb`, one recorded run to a folder.
  package static func open(
    _ path: String, readers: DatasetReaders = .numpyAndImages
  ) throws(DatasetError) -> DatasetSource {
    if FolderScan.isFolder(path) { return try FolderScan(path, readers: readers).source() }
    switch PathName.suffix(path) {
    case "npz": return try archive(path)
    case "npy", "pb":
      return try files([(PathName.stem(path), path)], readers: readers, name: PathName.last(path))
    case "png", "jpg", "jpeg":
      _ = try InputFile(path)
      return DatasetSource(
        name: PathName.last(path), members: [DataMember(name: "images", images: [path])],
        paths: [path])
    default:
      _ = try InputFile(path)
      throw .unknownKind(path: path)
    }
  }

  /// One `.npy` or `.pb` file for each name.
  package static func files(
    _ inputs: [(name: String, path: String)], readers: DatasetReaders = .numpyAndImages
  ) throws(DatasetError) -> DatasetSource {
    let names = inputs.map { PathName.last($0.path) }.joined(separator: ", ")
    return try files(inputs, readers: readers, name: names)
  }

  /// Made-up data for every input of whatever model it is used with.
  ///
  /// `count`: how many samples there are.
  package static func random(
    seed: UInt64, count: Int, distribution: RandomDistribution = .normal
  ) -> DatasetSource {
    let recipe = RandomRecipe(seed: seed, count: count, distribution: distribution)
    return DatasetSource(
      name: "random data (seed \(seed))", members: [],
      notes: ["This is random data, \(distribution): good for speed, meaningless for accuracy."],
      paths: [], random: recipe)
  }

  /// A whole member as it lies in the file.
  package func tensor(_ member: String) throws(DatasetError) -> Tensor {
    try self.member(member).tensor()
  }

  func member(_ name: String) throws(DatasetError) -> DataMember {
    if let member = members.first(where: { $0.name == name }) { return member }
    if let reason = unreadable[name] { throw reason }
    let known = members.map(\.name)
    throw .memberMissing(
      source: self.name, name: name, nearest: NearestName.to(name, among: known), known: known)
  }

  private static func archive(_ path: String) throws(DatasetError) -> DatasetSource {
    let archive = try ZipArchive(path)
    var members: [DataMember] = []
    var notes: [String] = []
    var unreadable: [String: DatasetError] = [:]
    for entry in archive.entries {
      guard entry.name.hasSuffix(".npy") else {
        notes.append("'\(entry.name)' in \(PathName.last(path)) is no array and was left out.")
        continue
      }
      let name = ArrayReference.memberName(entry)
      guard !members.contains(where: { $0.name == name }) else {
        throw .corruptArchive(path: path, reason: "it has two members named '\(name)'")
      }
      do throws(DatasetError) {
        members.append(DataMember(name: name, array: try ArrayReference(entry, of: archive)))
      } catch {
        guard case .unsupportedArray(_, let type, _) = error else { throw error }
        notes.append("'\(name)' in \(PathName.last(path)) holds \(type) and was left out.")
        unreadable[name] = error
      }
    }
    guard !members.isEmpty || !unreadable.isEmpty else {
      throw .noSamples(source: path, reason: "it holds no .npy member")
    }
    return DatasetSource(
      name: PathName.last(path), members: members, notes: notes, paths: [path],
      unreadable: unreadable)
  }

  private static func files(
    _ inputs: [(name: String, path: String)], readers: DatasetReaders, name: String
  ) throws(DatasetError) -> DatasetSource {
    var members: [DataMember] = []
    for input in inputs {
      let array: ArrayReference
      switch PathName.suffix(input.path) {
      case "npy": array = try ArrayReference(file: input.path)
      case "pb": array = try ArrayReference.tensorProto(input.path, readers: readers).array
      default:
        _ = try InputFile(input.path)
        throw .unknownKind(path: input.path)
      }
      members.append(DataMember(name: input.name, array: array))
    }
    return DatasetSource(name: name, members: members, paths: inputs.map(\.path))
  }
}
