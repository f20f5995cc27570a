import Tensors

extension NPYHeader {
  /// `bytes`: the file from its start to at least the end of the header.
  init(parsing bytes: [UInt8], place: String) throws(DatasetError) {
    let (textOffset, total) = try Self.byteCount(
      preamble: Array(bytes.prefix(Self.preambleByteCount)), place: place)
    guard bytes.count >= total else {
      throw .badHeader(
        place: place, reason: "it claims \(total) bytes and the file has \(bytes.count)")
    }
    var scanner = PythonLiteralScanner(text: Array(bytes[textOffset..<total]), place: place)
    let fields = try scanner.header()
    let (type, encoding, isBigEndian) = try Self.type(named: fields.descr, place: place)
    self.init(
      elementType: type, encoding: encoding, isBigEndian: isBigEndian,
      isFortranOrder: fields.isFortranOrder, shape: Shape(fields.shape), dataOffset: total)
    guard let count = shape.checkedElementCount,
      !count.multipliedReportingOverflow(by: max(itemByteCount, 8)).overflow
    else { throw .absurdSize(place: place, shape: fields.shape) }
  }
}

/// Reads the one Python dictionary that a NumPy header is, and nothing else of the language.
struct PythonLiteralScanner {
  private let text: [UInt8]
  private let place: String
  private var position = 0

  init(text: [UInt8], place: String) {
    self.text = text
    self.place = place
  }

  /// The three fields, each of which must be there once.
  mutating func header() throws(DatasetError) -> (
    descr: String, isFortranOrder: Bool, shape: [Int]
  ) {
    var descr: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !accept("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descr == nil: descr = try descriptor()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      default: throw bad("unexpected key '\(key)'")
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == text.count else { throw bad("something follows the dictionary") }
    guard let descr, let isFortranOrder, let shape else {
      throw bad("it lacks one of descr, fortran_order and shape")
    }
    return (descr, isFortranOrder, shape)
  }

  private mutating func descriptor() throws(DatasetError) -> String {
    skipSpace()
    if position < text.count, text[position] == UInt8(ascii: "[") {
      throw .unsupportedArray(
        place: place, type: "records with named fields",
        advice: "Save each field as its own array.")
    }
    return try string()
  }

  private mutating func string() throws(DatasetError) -> String {
    skipSpace()
    guard position < text.count, [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(text[position])
    else { throw bad("a quoted word is missing") }
    let quote = text[position]
    let start = position + 1
    guard let end = text[start...].firstIndex(of: quote) else { throw bad("a quote stays open") }
    position = end + 1
    return String(decoding: text[start..<end], as: UTF8.self)
  }

  private mutating func boolean() throws(DatasetError) -> Bool {
    if accept("True") { return true }
    if accept("False") { return false }
    throw bad("fortran_order is neither True nor False")
  }

  private mutating func tuple() throws(DatasetError) -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while !accept(")") {
      extents.append(try integer())
      guard extents.count <= 64 else { throw bad("the shape has more than 64 dimensions") }
      if !accept(",") {
        try expect(")")
        break
      }
    }
    return extents
  }

  private mutating func integer() throws(DatasetError) -> Int {
    skipSpace()
    let start = position
    while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) {
      position += 1
    }
    guard let value = Int(String(decoding: text[start..<position], as: UTF8.self)) else {
      throw bad("the shape holds something that is no count")
    }
    // Python 2 wrote long integers with a suffix.
    _ = accept("L")
    return value
  }

  private mutating func expect(_ word: String) throws(DatasetError) {
    if !accept(word) { throw bad("'\(word)' is missing at character \(position)") }
  }

  private mutating func accept(_ word: String) -> Bool {
    skipSpace()
    guard text[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x0a, 0x0d, 0x09].contains(text[position]) { position += 1 }
  }

  private func bad(_ reason: String) -> DatasetError { .badHeader(place: place, reason: reason) }
}
