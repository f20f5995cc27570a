package import Tensors

/// One array in NumPy's own file format.
///
/// Reads versions 1 to 3, either byte order and either memory order; always gives row-major
/// tensors in this machine's byte order. Unicode and byte strings become string tensors.
package enum NPY {
  /// Decodes a whole file held in memory.
  ///
  /// `name`: what to call it in errors.
  package static func decode(_ bytes: [UInt8], name: String) throws(DatasetError) -> Tensor {
    let header = try NPYHeader(parsing: bytes, place: name)
    try header.check(available: bytes.count - header.dataOffset, place: name)
    var offset = header.dataOffset
    return try header.tensor(place: name) { buffer throws(DatasetError) in
      bytes.withUnsafeBytes {
        buffer.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: $0[offset...].prefix(buffer.count)))
      }
      offset += buffer.count
    }
  }

  package static func read(_ path: String) throws(DatasetError) -> Tensor {
    let file = try InputFile(path)
    let header = try NPYHeader(reading: file)
    return try header.tensor(place: path) { buffer throws(DatasetError) in
      try file.read(into: buffer, at: header.dataOffset)
    }
  }

  /// Version 1.0, little-endian, row-major. bfloat16 is widened to float32, and 4-bit integers to
  /// 8 bits, since NumPy has neither.
  package static func encode(_ tensor: Tensor, name: String) throws(DatasetError) -> [UInt8] {
    let (header, data) = try parts(of: tensor, name: name)
    return header + data.withUnsafeBytes { Array($0) }
  }

  /// Writes beside `path` first and renames, so that `path` is never half a file.
  package static func write(_ tensor: Tensor, to path: String) throws(DatasetError) {
    let bytes = try encode(tensor, name: path)
    var failure: DatasetError?
    bytes.withUnsafeBytes { piece in
      do throws(DatasetError) {
        try AtomicFile.write([piece], to: path)
      } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// The header, and a tensor whose bytes are the data.
  static func parts(
    of tensor: Tensor, name: String
  ) throws(DatasetError) -> (header: [UInt8], data: Tensor) {
    if let strings = tensor.strings { return try unicode(strings, shape: tensor.shape, name: name) }
    let writable = tensor.widenedForNumPy()
    guard let descr = NPYHeader.descr(of: writable.elementType) else {
      throw .unwritable(
        name: name, elementType: tensor.elementType,
        advice: "Cast it to float32 in the model, or leave this output out.")
    }
    return (NPYHeader.encoded(descr: descr, shape: tensor.shape), writable)
  }

  /// Strings as UCS-4, all as wide as the longest.
  private static func unicode(
    _ strings: [[UInt8]], shape: Shape, name: String
  ) throws(DatasetError) -> (header: [UInt8], data: Tensor) {
    var texts: [[UInt32]] = []
    for bytes in strings {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw .unwritable(
          name: name, elementType: .string, advice: "One of its strings is not UTF-8 text.")
      }
      texts.append(text.unicodeScalars.map(\.value))
    }
    let width = max(texts.map(\.count).max() ?? 0, 1)
    let codes = texts.flatMap { $0 + [UInt32](repeating: 0, count: width - $0.count) }
    return (NPYHeader.encoded(descr: "<U\(width)", shape: shape), Tensor(codes))
  }
}

extension NPYHeader {
  /// Reads the head of a file and checks that the file has exactly the data it promises.
  init(reading file: InputFile) throws(DatasetError) {
    let preamble = try file.bytes(at: 0, count: min(Self.preambleByteCount, file.byteCount))
    let (_, total) = try Self.byteCount(preamble: preamble, place: file.path)
    let head = try file.bytes(at: 0, count: min(total, file.byteCount))
    try self.init(parsing: head, place: file.path)
    try check(available: file.byteCount - dataOffset, place: file.path)
  }

  func check(available: Int, place: String) throws(DatasetError) {
    guard available == dataByteCount else {
      throw .wrongSize(place: place, expected: dataByteCount, found: available)
    }
  }

  /// The array, or its first rows.
  ///
  /// `rows`: how many to read; a column-major array is read whole and then cut.
  /// `read`: gives the next bytes of the data, in order.
  func tensor(
    rows: Int? = nil, place: String,
    read: (UnsafeMutableRawBufferPointer) throws(DatasetError) -> Void
  ) throws(DatasetError) -> Tensor {
    var wanted = shape
    if let rows, shape.rank > 0 { wanted[0] = min(rows, shape[0]) }
    if case .plain = encoding {
      var tensor = Tensor(elementType, shape: isFortranOrder ? shape : wanted)
      try tensor.withUnsafeMutableBytes { buffer throws(DatasetError) in try read(buffer) }
      if isBigEndian { tensor.swapBytes() }
      return isFortranOrder ? tensor.transposedFromColumnMajor().firstRows(wanted) : tensor
    }
    var bytes = Tensor(
      .uint8, shape: [(isFortranOrder ? shape : wanted).elementCount * itemByteCount])
    try bytes.withUnsafeMutableBytes { buffer throws(DatasetError) in try read(buffer) }
    let strings = bytes.withUnsafeBytes { buffer in
      (0..<(buffer.count / max(itemByteCount, 1))).map { index in
        string(in: UnsafeRawBufferPointer(rebasing: buffer[(index * itemByteCount)...]))
      }
    }
    let count = (isFortranOrder ? shape : wanted).elementCount
    let all = strings + Array(repeating: [], count: count - strings.count)
    guard isFortranOrder && shape.rank > 1 else { return Tensor(strings: all, shape: wanted) }
    let order = Tensor((0..<count).map(Int64.init), shape: shape).transposedFromColumnMajor()
    let sorted = Tensor(strings: order.array(of: Int64.self).map { all[Int($0)] }, shape: shape)
    return sorted.firstRows(wanted)
  }

  /// One string, without its padding, as UTF-8.
  private func string(in bytes: UnsafeRawBufferPointer) -> [UInt8] {
    switch encoding {
    case .plain:
      return []
    case .bytes(let length):
      var text = Array(bytes.prefix(length))
      while text.last == 0 { text.removeLast() }
      return text
    case .ucs4(let length):
      var codes = (0..<length).map { index in
        let word = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
        return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
      }
      while codes.last == 0 { codes.removeLast() }
      return codes.flatMap { Array(Character(Unicode.Scalar($0) ?? "\u{fffd}").utf8) }
    }
  }
}
