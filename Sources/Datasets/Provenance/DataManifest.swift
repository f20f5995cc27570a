import Tensors

/// What a run was fed with: enough to feed another one the same, and to notice when that fails.
package struct DataManifest: Codable, Hashable, Sendable {
  package struct File: Codable, Hashable, Sendable {
    package var path: String
    package var byteCount: Int
    /// 64 lower-case hexadecimal digits.
    package var sha256: String
  }

  /// What people call the source.
  package var source: String
  /// Sorted as the source sorts them; empty for random data.
  package var files: [File]
  /// From each input to the member that feeds it.
  package var members: [String: String]
  package var labels: String?
  package var limit: Int?
  package var seed: UInt64?
  package var batchSize: Int
  /// Left out where there are none.
  package var states: [StateLink]?
  package var sampleCount: Int
  package var preprocessing: Preprocessing
  package var preprocessingByInput: [String: Preprocessing]
  package var random: RandomRecipe?

  /// One digest of everything that decides what the model sees: contents, not paths.
  package var digest: String {
    var lines = files.map { "file \($0.byteCount) \($0.sha256)" }
    lines += members.sorted { $0.key < $1.key }.map { "input \($0.key)=\($0.value)" }
    lines.append("labels \(labels ?? "")")
    lines.append("samples \(sampleCount) batch \(batchSize)")
    lines.append("seed \(seed.map(String.init) ?? "")")
    lines.append("preprocess \(preprocessing.text)")
    lines += preprocessingByInput.sorted { $0.key < $1.key }.map {
      "preprocess \($0.key) \($0.value.text)"
    }
    lines += (states ?? []).map { "state \($0)" }
    if let random { lines.append("random \(random.seed) \(random.count) \(random.distribution)") }
    return SHA256.hexDigest(of: Array(lines.joined(separator: "\n").utf8))
  }

  /// What would make a run differ from one with `other`, in sentences; empty when nothing would.
  package func differences(from other: DataManifest) -> [String] {
    var found: [String] = []
    func compare<Value: Equatable>(_ name: String, _ mine: Value, _ theirs: Value) {
      if mine != theirs { found.append("\(name) was \(theirs) and is \(mine).") }
    }
    if files.count != other.files.count {
      compare("The number of files", files.count, other.files.count)
    } else {
      for (mine, theirs) in zip(files, other.files) where mine.sha256 != theirs.sha256 {
        found.append(
          "\(mine.path) differs: \(theirs.byteCount) bytes with digest \(theirs.sha256.prefix(12))… "
            + "then, \(mine.byteCount) bytes with \(mine.sha256.prefix(12))… now.")
      }
    }
    for input in Set(members.keys).union(other.members.keys).sorted() {
      compare("The member for '\(input)'", members[input] ?? "none", other.members[input] ?? "none")
    }
    compare("The labels' member", labels ?? "none", other.labels ?? "none")
    compare("The number of samples", sampleCount, other.sampleCount)
    compare("The batch", batchSize, other.batchSize)
    compare("The states", Self.text(states), Self.text(other.states))
    compare("The seed", seed.map(String.init) ?? "none", other.seed.map(String.init) ?? "none")
    compare("Preprocessing", "'\(preprocessing.text)'", "'\(other.preprocessing.text)'")
    for input in Set(preprocessingByInput.keys).union(other.preprocessingByInput.keys).sorted() {
      compare(
        "Preprocessing of '\(input)'", "'\(preprocessingByInput[input]?.text ?? "")'",
        "'\(other.preprocessingByInput[input]?.text ?? "")'")
    }
    if random != other.random { found.append("The recipe of the random data changed.") }
    return found
  }
}

extension DataManifest {
  fileprivate static func text(_ states: [StateLink]?) -> String {
    states.map { $0.map(\.description).joined(separator: ", ") } ?? "none"
  }
}

extension Dataset {
  /// Reads every file once for its digest.
  package func manifest(mixer: SHA256.Mixer? = nil) throws(DatasetError) -> DataManifest {
    var files: [DataManifest.File] = []
    for path in source.paths {
      let (digest, byteCount) = try SHA256.hexDigest(ofFile: path, mixer: mixer)
      files.append(DataManifest.File(path: path, byteCount: byteCount, sha256: digest))
    }
    let members = bindings.map { ($0.input.name, $0.member.name) }
    return DataManifest(
      source: source.name, files: files,
      members: Dictionary(members, uniquingKeysWith: { first, _ in first }), labels: labelMember,
      limit: options.limit, seed: options.seed, batchSize: options.batchSize,
      states: options.states.isEmpty ? nil : options.states, sampleCount: sampleCount,
      preprocessing: options.preprocessing,
      preprocessingByInput: options.preprocessingByInput, random: source.random)
  }
}

extension DataManifest {
  /// The options that give the same data again.
  ///
  /// `purpose`: decides nothing, since every member is named.
  package func options(purpose: DatasetPurpose) -> DatasetOptions {
    DatasetOptions(
      purpose: purpose, mapping: random == nil ? members : [:], labels: labels, limit: limit,
      seed: seed, batchSize: batchSize, states: states ?? [], preprocessing: preprocessing,
      preprocessingByInput: preprocessingByInput)
  }
}
