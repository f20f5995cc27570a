import Tensors

/// Where one array lies, and what its header says; the data is read when it is asked for.
struct ArrayReference: Sendable {
  enum Origin: Sendable {
    case file(path: String, NPYHeader)
    case archive(ZipArchive, ZipArchive.Entry, NPYHeader)
    case tensorProto(path: String, DatasetReaders)
    case memory(Tensor)
  }

  /// What to call it in errors.
  let place: String
  let elementType: ElementType
  let shape: Shape
  private let origin: Origin

  init(file path: String) throws(DatasetError) {
    let header = try NPYHeader(reading: try InputFile(path))
    self.init(place: path, header, .file(path: path, header))
  }

  init(_ entry: ZipArchive.Entry, of archive: ZipArchive) throws(DatasetError) {
    let place = "'\(Self.memberName(entry))' in \(PathName.last(archive.path))"
    let header = try archive.reading(entry) { read throws(DatasetError) in
      func bytes(_ count: Int) throws(DatasetError) -> [UInt8] {
        var tensor = Tensor(.uint8, shape: [count])
        try tensor.withUnsafeMutableBytes { buffer throws(DatasetError) in try read(buffer) }
        return tensor.array()
      }
      let preamble = try bytes(min(NPYHeader.preambleByteCount, entry.byteCount))
      let (_, total) = try NPYHeader.byteCount(preamble: preamble, place: place)
      let rest = try bytes(max(0, min(total, entry.byteCount) - preamble.count))
      return try NPYHeader(parsing: preamble + rest, place: place)
    }
    try header.check(available: entry.byteCount - header.dataOffset, place: place)
    self.init(place: place, header, .archive(archive, entry, header))
  }

  /// A protobuf has no header to look at, so it is decoded once to learn its shape and its name.
  static func tensorProto(
    _ path: String, readers: DatasetReaders
  ) throws(DatasetError) -> (name: String?, array: ArrayReference) {
    let (name, tensor) = try readers.read(path)
    let array = ArrayReference(
      place: path, elementType: tensor.elementType, shape: tensor.shape,
      origin: .tensorProto(path: path, readers))
    return (name.flatMap { $0.isEmpty ? nil : $0 }, array)
  }

  init(_ tensor: Tensor, place: String) {
    self.init(
      place: place, elementType: tensor.elementType, shape: tensor.shape, origin: .memory(tensor))
  }

  private init(place: String, _ header: NPYHeader, _ origin: Origin) {
    self.init(place: place, elementType: header.elementType, shape: header.shape, origin: origin)
  }

  private init(place: String, elementType: ElementType, shape: Shape, origin: Origin) {
    self.place = place
    self.elementType = elementType
    self.shape = shape
    self.origin = origin
  }

  static func memberName(_ entry: ZipArchive.Entry) -> String {
    entry.name.hasSuffix(".npy") ? String(entry.name.dropLast(4)) : entry.name
  }

  /// The whole array, or its first rows.
  func tensor(rows: Int? = nil) throws(DatasetError) -> Tensor {
    switch origin {
    case .file(let path, let header):
      let file = try InputFile(path)
      var offset = header.dataOffset
      return try header.tensor(rows: rows, place: place) { buffer throws(DatasetError) in
        try file.read(into: buffer, at: offset)
        offset += buffer.count
      }
    case .archive(let archive, let entry, let header):
      return try archive.reading(entry) { read throws(DatasetError) in
        var head = Tensor(.uint8, shape: [header.dataOffset])
        try head.withUnsafeMutableBytes { buffer throws(DatasetError) in try read(buffer) }
        return try header.tensor(rows: rows, place: place, read: read)
      }
    case .tensorProto(let path, let readers):
      let tensor = try readers.read(path).tensor
      guard tensor.shape == shape, tensor.elementType == elementType else {
        throw .cannotRead(place: path, reason: "it changed while it was in use")
      }
      return tensor
    case .memory(let tensor):
      return tensor
    }
  }

  /// The rows along the first axis, as cheaply as the origin allows.
  ///
  /// `rows`: later ones will not be asked for.
  /// - Precondition: the array has a first axis.
  func rows(upTo rows: Int) -> any SampleStore {
    switch origin {
    case .file(let path, let header) where header.encoding == .plain && !header.isFortranOrder:
      FileRows(path: path, header: header)
    default:
      LoadedRows(self, rows: rows)
    }
  }
}

/// The last part of a path.
enum PathName {
  static func last(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The last part without its extension.
  static func stem(_ path: String) -> String {
    let name = last(path)
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The extension in lower case, without its dot.
  static func suffix(_ path: String) -> String {
    let name = last(path)
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }
}
