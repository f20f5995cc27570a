/// What a person asked for and cannot have, and what to do instead.
package enum WorkbenchError: Error, Equatable, CustomStringConvertible {
  case unknownInput(String, known: [String])
  case unknownModule(String, nearest: String?)
  case noFile(String)
  case notCalibrated
  /// Every layer that a recipe could change is quantized in the file.
  case alreadyQuantized(path: String, layers: Int, format: String)
  case modelChanged(path: String, session: String)
  case wrongData(place: String, what: String, advice: String)
  case noSession(String)
  case badState(String)
  case inputTooLarge(String, shape: String)
  case exportDiffers(path: String, what: String)
  case wouldReplaceModel(String)
  /// A training was recorded with kernels that this processor does not have.
  case foreignKernels(String)
  case trainedState
  case missingWeights(String)
  case changedWeights(String)
  case nothingToReplay(String)
  case noRecordedData(String)
  case nothingTrained
  case noModel
  /// A training was to go on from it.
  case missingCheckpoint(String)
  case noPlace(String)

  package var description: String {
    switch self {
    case .unknownInput(let name, let known):
      "The model has no input '\(name)'; it has \(known.joined(separator: ", "))."
    case .unknownModule(let name, let nearest):
      "The model has no module '\(name)'"
        + (nearest.map { "; did you mean '\($0)'?" } ?? ": octet inspect lists its layers.")
    case .noFile(let path):
      "There is no file '\(path)'. Check the path; an ONNX model or an octet session is needed."
    case .notCalibrated:
      "Nothing has been observed yet. Calibrate first."
    case .alreadyQuantized(let path, let layers, let format):
      "'\(path)' is already quantized: \(layers) layers, \(format), and no other layer could be."
        + " Open its float model to quantize it; this one can be inspected, run, compared and"
        + " benchmarked."
    case .modelChanged(let path, let session):
      "'\(path)' is not the file that '\(session)' was made with: its digest differs."
        + " Put the old model back, or open the new model itself."
    case .wrongData(let place, let what, let advice):
      "\(place): \(what). \(advice)"
    case .noSession(let path):
      "'\(path)' is not an octet session. Make one with: octet calibrate MODEL --data DATA -o"
        + " \(path)"
    case .wouldReplaceModel(let path):
      "'\(path)' is the model itself, which stays as it is. Choose another name."
    case .foreignKernels(let name):
      "The training used \(name) kernels, which this processor does not have: other kernels give"
        + " other weights. Go on where it began, or start it anew here."
    case .trainedState:
      "A model that hands a state from step to step cannot be trained. Calibrate and export it as it"
        + " is, or train one that takes whole sequences."
    case .missingWeights(let path):
      "The trained weights '\(path)' are missing. Put the file back beside its session, or make it"
        + " anew with: octet replay SESSION --restore"
    case .changedWeights(let path):
      "'\(path)' does not hold the weights that the session's training left: its digest differs."
        + " Make them anew with: octet replay SESSION --restore"
    case .noPlace(let path):
      "Nothing can be written to '\(path)', where trained weights lie until the session is saved. Set"
        + " XDG_STATE_HOME to a folder that can."
    case .nothingToReplay(let path):
      "'\(path)' records nothing that could be done again: calibrate or train, and save it."
    case .noRecordedData(let path):
      "'\(path)' does not say which data were observed, so calibration cannot be done again."
    case .nothingTrained:
      "There is no training whose weights could be kept. Start one in the Train tab."
    case .noModel: "No model is open. Open one with :open PATH."
    case .missingCheckpoint(let path):
      "The checkpoint \(path) is gone: r starts the training anew, D drops it."
    case .badState(let text):
      "--state takes INPUT=OUTPUT, such as state=stateN; got '\(text)'."
    case .inputTooLarge(let name, let shape):
      "Input '\(name)' is \(shape): too large to try the model with. Give its size with --shape"
        + " \(name)=AxBxC, or export the model with the size that it is used with."
    case .exportDiffers(let path, let what):
      "The exported file '\(path)' does not compute what was measured: \(what). It was removed."
    }
  }
}
