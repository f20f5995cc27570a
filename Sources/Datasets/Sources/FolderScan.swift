import Foundation
import Tensors

/// Makes sense of the files in a folder.
struct FolderScan {
  private enum Kind: String {
    case numpy = ".npy"
    case tensorProto = ".pb"
    case image
  }

  private let path: String
  private let readers: DatasetReaders

  init(_ path: String, readers: DatasetReaders) {
    self.path = path
    self.readers = readers
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  func source() throws(DatasetError) -> DatasetSource {
    let entries = try Self.entries(of: path)
    let files = entries.filter { !Self.isFolder($0) && Self.kind($0) != nil }
    let folders = entries.filter(Self.isFolder)
    if files.isEmpty, !folders.isEmpty { return try nested(folders) }
    let kinds = Set(files.compactMap(Self.kind))
    guard kinds.count <= 1 else {
      throw .mixedFolder(path: path, kinds: kinds.map(\.rawValue).sorted())
    }
    switch kinds.first {
    case nil: throw .emptyFolder(path: path)
    case .image:
      return DatasetSource(
        name: PathName.last(path), members: [DataMember(name: "images", images: files)],
        notes: leftOut(entries.count - files.count), paths: files)
    case .numpy, .tensorProto:
      return DatasetSource(
        name: PathName.last(path), members: try members(files),
        notes: leftOut(entries.count - files.count), paths: files)
    }
  }

  /// Files whose names differ only in a number at the end are a series; others stand alone.
  private func members(_ files: [String]) throws(DatasetError) -> [DataMember] {
    // ONNX writes the number of the input, not of a sample, into input_0.pb.
    if files.allSatisfy({ Self.kind($0) == .tensorProto && Self.isRecorded($0) }) {
      return try recordedRuns([files])
    }
    var series: [(stem: String, files: [String])] = []
    for file in files {
      let stem = PathName.stem(file)
      let base = stem.replacing(#/[-_. ]*[0-9]+$/#, with: "")
      if let place = series.firstIndex(where: { $0.stem == base }) {
        series[place].files.append(file)
      } else {
        series.append((base, [file]))
      }
    }
    var members: [DataMember] = []
    for (stem, files) in series {
      if files.count == 1 {
        members.append(DataMember(name: PathName.stem(files[0]), array: try array(files[0])))
        continue
      }
      var arrays: [ArrayReference] = []
      for file in files { arrays.append(try array(file)) }
      members.append(
        try DataMember(name: stem.isEmpty ? "samples" : stem, files: arrays, areRuns: false))
    }
    return members
  }

  private func array(_ file: String) throws(DatasetError) -> ArrayReference {
    Self.kind(file) == .numpy
      ? try ArrayReference(file: file)
      : try ArrayReference.tensorProto(file, readers: readers).array
  }

  /// Subfolders are the recorded runs of ONNX, or classes of images.
  private func nested(_ folders: [String]) throws(DatasetError) -> DatasetSource {
    var contents: [(folder: String, files: [String])] = []
    for folder in folders {
      let files = try Self.entries(of: folder).filter { Self.kind($0) != nil }
      if !files.isEmpty { contents.append((folder, files)) }
    }
    let all = contents.flatMap(\.files)
    if all.isEmpty { throw .emptyFolder(path: path) }
    if all.allSatisfy({ Self.kind($0) == .tensorProto }) {
      return DatasetSource(
        name: PathName.last(path), members: try recordedRuns(contents.map(\.files)), paths: all)
    }
    let kinds = Set(all.compactMap(Self.kind))
    guard kinds == [.image] else {
      throw .mixedFolder(path: path, kinds: kinds.map { "\($0.rawValue) (in subfolders)" }.sorted())
    }
    let labels = contents.enumerated().flatMap { number, content in
      [Int64](repeating: Int64(number), count: content.files.count)
    }
    let classes = contents.map { PathName.last($0.folder) }
    let listed =
      classes.prefix(4).enumerated().map { "\($0) = \($1)" }.joined(separator: ", ")
      + (classes.count > 4 ? ", …" : "")
    return DatasetSource(
      name: PathName.last(path),
      members: [
        DataMember(name: "images", images: all),
        DataMember(
          name: "labels",
          array: ArrayReference(Tensor(labels), place: "the folder names of \(path)")),
      ],
      notes: ["Each of the \(classes.count) subfolders is a class: \(listed)."], paths: all)
  }

  /// One member for each tensor of a run, by the name the tensor carries, else by its file's name.
  private func recordedRuns(_ runs: [[String]]) throws(DatasetError) -> [DataMember] {
    var names: [String] = []
    var arrays: [String: [ArrayReference]] = [:]
    for (number, run) in runs.enumerated() {
      for file in run {
        let (label, array) = try ArrayReference.tensorProto(file, readers: readers)
        let stem = PathName.stem(file)
        // Outputs keep their file's name, so that nobody feeds them to an input by mistake.
        let name = stem.hasPrefix("output") ? stem : label ?? stem
        if arrays[name] == nil { names.append(name) }
        arrays[name, default: []].append(array)
      }
      for name in names where arrays[name]?.count != number + 1 {
        throw .cannotRead(
          place: PathName.last(path), reason: "'\(name)' is missing or repeated in one of its runs")
      }
    }
    var members: [DataMember] = []
    for name in names {
      members.append(try DataMember(name: name, files: arrays[name] ?? [], areRuns: true))
    }
    return members
  }

  private func leftOut(_ count: Int) -> [String] {
    count == 0 ? [] : ["\(count) other entries of \(PathName.last(path)) were left out."]
  }

  private static func isRecorded(_ file: String) -> Bool {
    PathName.stem(file).wholeMatch(of: #/(input|output)_[0-9]+/#) != nil
  }

  private static func kind(_ file: String) -> Kind? {
    switch PathName.suffix(file) {
    case "npy": .numpy
    case "pb": .tensorProto
    case "png", "jpg", "jpeg": .image
    default: nil
    }
  }

  /// Everything visible in a folder, in an order that does not depend on the file system or the
  /// language: numbers by value, the rest by code point.
  private static func entries(of folder: String) throws(DatasetError) -> [String] {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      throw .cannotOpen(path: folder, reason: "its contents cannot be listed")
    }
    let base = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    return names.filter { !$0.hasPrefix(".") }.sorted(by: NaturalOrder.precedes)
      .map { "\(base)/\($0)" }
  }
}

/// Orders `x2` before `x10`.
enum NaturalOrder {
  static func precedes(_ left: String, _ right: String) -> Bool {
    let (a, b) = (pieces(left), pieces(right))
    for (x, y) in zip(a, b) where x != y {
      // Runs of digits without leading zeros: the longer is the larger number.
      if x.isNumber && y.isNumber {
        if x.digits.count != y.digits.count { return x.digits.count < y.digits.count }
        if x.digits != y.digits { return x.digits < y.digits }
      }
      return x.text.unicodeScalars.lexicographicallyPrecedes(y.text.unicodeScalars)
    }
    return a.count < b.count
  }

  private struct Piece: Equatable {
    let text: Substring
    let isNumber: Bool
    var digits: Substring { text.drop { $0 == "0" } }
  }

  private static func pieces(_ name: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = name[...]
    while let first = rest.first {
      let isNumber = isDigit(first)
      let text = rest.prefix { isDigit($0) == isNumber }
      pieces.append(Piece(text: text, isNumber: isNumber))
      rest = rest.dropFirst(text.count)
    }
    return pieces
  }

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
