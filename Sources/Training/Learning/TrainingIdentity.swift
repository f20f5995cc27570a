/// All that decides what a run does next besides its weights: a checkpoint goes on only under the
/// same.
struct TrainingIdentity: Codable, Equatable {
  var options: String
  var recipe: String
  /// Digests of the samples to train on and to judge by, where they are known.
  var data: [String?]
  var instructionSet: String
  var threads: Int

  /// How the run that wrote `self` differs from `other`; `nil` where it does not.
  func difference(from other: TrainingIdentity) -> String? {
    var found: [String] = []
    if options != other.options { found.append("other options") }
    if recipe != other.recipe { found.append("another recipe") }
    if data != other.data { found.append("other data") }
    if instructionSet != other.instructionSet {
      found.append("\(instructionSet) kernels in place of \(other.instructionSet)")
    }
    if threads != other.threads {
      found.append("\(threads) thread\(threads == 1 ? "" : "s") in place of \(other.threads)")
    }
    return found.isEmpty ? nil : found.joined(separator: ", ")
  }
}
