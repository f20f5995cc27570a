import Tensors

/// What the head of a `.npy` file says about the array behind it.
/// - Source: NEP 1 and `numpy.lib.format`, versions 1.0 to 3.0.
struct NPYHeader: Equatable {
  /// How one element lies in the file.
  enum Encoding: Equatable {
    /// The bits of the element type.
    case plain
    /// UCS-4, padded with zeros to this many characters.
    case ucs4(length: Int)
    /// Single bytes, padded with zeros to this many.
    case bytes(length: Int)
  }

  static let magic: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
  /// The longest prefix that has to be read before `headerByteCount` is known.
  static let preambleByteCount = 12
  /// NumPy itself writes a few hundred bytes; more would be an attack or a mistake.
  private static let longest = 1 << 20

  var elementType: ElementType
  var encoding: Encoding
  var isBigEndian: Bool
  var isFortranOrder: Bool
  var shape: Shape
  /// Where the first element lies.
  var dataOffset: Int

  /// Bytes that one element takes in the file.
  var itemByteCount: Int {
    switch encoding {
    case .plain: elementType.byteCount(elements: 1)
    case .ucs4(let length): 4 * length
    case .bytes(let length): length
    }
  }

  /// Bytes that the whole array takes in the file.
  var dataByteCount: Int { shape.elementCount * itemByteCount }

  /// How many bytes stand before the data, read from the first bytes of the file.
  static func byteCount(
    preamble: [UInt8], place: String
  ) throws(DatasetError) -> (textOffset: Int, total: Int) {
    guard preamble.starts(with: magic) else {
      throw .notNumPy(place: place, found: Array(preamble.prefix(6)))
    }
    guard preamble.count >= 8 else {
      throw .badHeader(place: place, reason: "it ends after \(preamble.count) bytes")
    }
    let (major, minor) = (Int(preamble[6]), Int(preamble[7]))
    guard (1...3).contains(major), minor == 0 else {
      throw .unsupportedNumPyVersion(place: place, major: major, minor: minor)
    }
    let lengthByteCount = major == 1 ? 2 : 4
    guard preamble.count >= 8 + lengthByteCount else {
      throw .badHeader(place: place, reason: "it ends after \(preamble.count) bytes")
    }
    var length = 0
    for index in 0..<lengthByteCount { length |= Int(preamble[8 + index]) << (8 * index) }
    guard length <= longest else {
      throw .badHeader(place: place, reason: "it claims to be \(length) bytes long")
    }
    return (8 + lengthByteCount, 8 + lengthByteCount + length)
  }

  /// The type that a `descr` such as `<f4` names.
  static func type(
    named descr: String, place: String
  ) throws(DatasetError) -> (type: ElementType, encoding: Encoding, isBigEndian: Bool) {
    var letters = descr[...]
    var isBigEndian = false
    if let first = letters.first, "<>=|".contains(first) {
      isBigEndian = first == ">"
      letters = letters.dropFirst()
    }
    let kind = letters.prefix(1)
    let size = letters.dropFirst()
    switch kind {
    case "O":
      throw .unsupportedArray(
        place: place, type: "Python objects (a pickle)",
        advice: "A pickle can run code, so it is never opened; save plain numbers instead, "
          + "for example with array.astype(numpy.float32).")
    case "M", "m":
      throw .unsupportedArray(
        place: place, type: "dates (\(descr))", advice: "Convert it to int64 first.")
    case "V":
      throw .unsupportedArray(
        place: place, type: "raw records (\(descr))",
        advice: "Save each field as its own array; save bfloat16 as float32.")
    case "U", "S", "a":
      guard let length = Int(size), length >= 0, length < 1 << 24 else {
        throw .badHeader(place: place, reason: "unknown type '\(descr)'")
      }
      return (.string, kind == "U" ? .ucs4(length: length) : .bytes(length: length), isBigEndian)
    default:
      guard let type = plainTypes[String(letters)] else {
        throw .badHeader(place: place, reason: "unknown type '\(descr)'")
      }
      return (type, .plain, isBigEndian && type.bitWidth > 8)
    }
  }

  /// The `descr` that NumPy uses for a type, or `nil` where it has none.
  static func descr(of type: ElementType) -> String? {
    guard let code = plainTypes.first(where: { $0.value == type })?.key else { return nil }
    return (type.bitWidth > 8 ? "<" : "|") + code
  }

  /// Each type has one code, so that `descr(of:)` is well defined.
  private static let plainTypes: [String: ElementType] = [
    "f2": .float16, "f4": .float32, "f8": .float64, "b1": .bool,
    "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64,
    "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64,
    "c8": .complex64, "c16": .complex128,
  ]

  /// The head of a version 1.0 file for an array in row-major order, padded to 64 bytes.
  static func encoded(descr: String, shape: Shape) -> [UInt8] {
    let extents = shape.dimensions.map(String.init).joined(separator: ", ")
    let tuple = shape.rank == 1 ? "(\(extents),)" : "(\(extents))"
    var text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': \(tuple), }"
    let unpadded = 10 + text.utf8.count + 1
    text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    let length = text.utf8.count
    return magic + [
      1, 0, UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8),
    ]
      + Array(text.utf8)
  }
}
