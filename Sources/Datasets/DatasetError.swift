package import Tensors

/// Why data could not be read, chosen, prepared or written, phrased for the person who named it.
///
/// `place` is what that person would recognise: a file, or `'member' in file.npz`.
package enum DatasetError: Error, Equatable, CustomStringConvertible {
  // Files.
  case cannotOpen(path: String, reason: String)
  case cannotRead(place: String, reason: String)
  case cannotWrite(path: String, reason: String)
  case unknownKind(path: String)
  case emptyFolder(path: String)
  case mixedFolder(path: String, kinds: [String])

  // NumPy arrays and archives.
  case notNumPy(place: String, found: [UInt8])
  case unsupportedNumPyVersion(place: String, major: Int, minor: Int)
  case badHeader(place: String, reason: String)
  case unsupportedArray(place: String, type: String, advice: String)
  case wrongSize(place: String, expected: Int, found: Int)
  case absurdSize(place: String, shape: [Int])
  case corruptArchive(path: String, reason: String)
  case unwritable(name: String, elementType: ElementType, advice: String)

  // Images and protobuf.
  case corruptImage(path: String, reason: String)
  case badTensorProto(path: String, reason: String)

  // Members and inputs.
  case memberMissing(source: String, name: String, nearest: String?, known: [String])
  case inputMissing(name: String, nearest: String?, known: [String])
  case noMember(input: String, wanted: String, source: String, members: [String])
  case ambiguous(input: String, candidates: [String], advice: String)
  case doesNotFit(place: String, what: String, whatToDo: String)
  case countsDiffer(counts: [String])
  case badLabels(member: String, reason: String)
  case noSamples(source: String, reason: String)
  case needsShape(input: String, dimensions: String)
  case badOption(name: String, value: Int)
  /// Samples that are steps of sequences cannot be drawn or stacked.
  case steps(link: StateLink, option: String)

  // Preparing.
  case badPreprocessing(part: String, reason: String)
  case cannotPrepare(place: String, reason: String)
  case valueOutOfRange(place: String, value: String, elementType: ElementType)

  package var description: String {
    switch self {
    case .cannotOpen(let path, let reason):
      "Cannot open \(path): \(reason). Check the path and its permissions."
    case .cannotRead(let place, let reason):
      "Cannot read \(place): \(reason)."
    case .cannotWrite(let path, let reason):
      "Cannot write \(path): \(reason). Nothing was left behind; choose another place or free space."
    case .unknownKind(let path):
      "\(path) is no data Octet knows. Give a .npz, .npy, .pb, .png or .jpg file, or a folder of such."
    case .emptyFolder(let path):
      "The folder \(path) holds no .npy, .pb, .png or .jpg file. Name a folder that does."
    case .mixedFolder(let path, let kinds):
      "The folder \(path) mixes \(kinds.joined(separator: " and ")) files. "
        + "Keep one kind to a folder, or name a single file."
    case .notNumPy(let place, let found):
      "\(place) is not a NumPy array: it starts with \(Self.hex(found)), "
        + "not with 93 4e 55 4d 50 59. Write it again with numpy.save."
    case .unsupportedNumPyVersion(let place, let major, let minor):
      "\(place) has the NumPy format \(major).\(minor); versions 1 to 3 can be read. "
        + "Write it again with numpy.save."
    case .badHeader(let place, let reason):
      "The NumPy header of \(place) makes no sense: \(reason). Write it again with numpy.save."
    case .unsupportedArray(let place, let type, let advice):
      "\(place) holds \(type), which Octet does not read. \(advice)"
    case .wrongSize(let place, let expected, let found):
      found < expected
        ? "\(place) is truncated: its header promises \(expected) bytes of data and \(found) are "
          + "there. Copy or write the file again."
        : "\(place) has \(found) bytes of data where its header promises \(expected). "
          + "Write the file again."
    case .absurdSize(let place, let shape):
      "\(place) claims the shape \(Shape(shape)), which no file can hold. It is corrupt."
    case .corruptArchive(let path, let reason):
      "\(path) is not a sound .npz archive: \(reason). Copy it again, or write it with numpy.savez."
    case .unwritable(let name, let elementType, let advice):
      "NumPy has no type for '\(name)', which is \(elementType). \(advice)"
    case .corruptImage(let path, let reason):
      "Cannot decode the image \(path): \(reason). Repair it or take it out of the folder."
    case .badTensorProto(let path, let reason):
      "Cannot read \(path) as an ONNX TensorProto: \(reason)."
    case .memberMissing(let source, let name, let nearest, let known):
      "\(source) has no member '\(name)'." + Self.suggestion(nearest, known)
    case .inputMissing(let name, let nearest, let known):
      "The model has no input '\(name)'." + Self.suggestion(nearest, known)
    case .noMember(let input, let wanted, let source, let members):
      "Nothing in \(source) fits the input '\(input)', which takes \(wanted). "
        + "There is \(members.joined(separator: "; ")). "
        + "Choose one with --map \(input)=MEMBER, and shape it with --preprocess."
    case .ambiguous(let input, let candidates, let advice):
      "More than one member fits the input '\(input)': \(candidates.joined(separator: "; ")). "
        + advice
    case .doesNotFit(let place, let what, let whatToDo):
      "\(place): \(what) \(whatToDo)"
    case .countsDiffer(let counts):
      "The inputs have different numbers of samples: \(counts.joined(separator: ", ")). "
        + "Map members that belong together."
    case .badLabels(let member, let reason):
      "'\(member)' cannot be the labels: \(reason). Choose another with --labels MEMBER."
    case .noSamples(let source, let reason):
      "\(source) gives no samples: \(reason)."
    case .needsShape(let input, let dimensions):
      "The input '\(input)' is \(dimensions), and random data needs every dimension but the first. "
        + "Fix it with --shape \(input)=…"
    case .badOption(let name, let value):
      "\(name) is \(value); it must be at least 1."
    case .steps(let link, let option):
      "--state \(link) makes the samples steps that follow each other, one at a time; \(option) does"
        + " not go with that."
    case .badPreprocessing(let part, let reason):
      "Cannot understand '\(part)' in --preprocess: \(reason)."
    case .cannotPrepare(let place, let reason):
      "Cannot preprocess \(place): \(reason)."
    case .valueOutOfRange(let place, let value, let elementType):
      "\(place) holds \(value), which is no \(elementType). "
        + "Say which type is meant with --preprocess dtype=…, or map another member."
    }
  }

  private static func suggestion(_ nearest: String?, _ known: [String]) -> String {
    if let nearest { return " Did you mean '\(nearest)'?" }
    if known.isEmpty { return "" }
    return " There is " + known.prefix(12).map { "'\($0)'" }.joined(separator: ", ")
      + (known.count > 12 ? " and \(known.count - 12) more." : ".")
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.isEmpty
      ? "nothing"
      : bytes.prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
