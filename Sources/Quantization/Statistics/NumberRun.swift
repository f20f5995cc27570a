/// Numbers that are written as text with their repetitions folded: `0*512 1 3 0*40`.
///
/// Histograms are mostly zeros or small whole numbers; this keeps a session file small and legible
/// where a JSON array would take a line per bin. Values read back exactly.
@propertyWrapper
package struct NumberRun<Element: NumberRunElement>: Hashable, Sendable, Codable {
  package var wrappedValue: [Element]

  package init(wrappedValue: [Element]) { self.wrappedValue = wrappedValue }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    var values: [Element] = []
    for word in text.split(separator: " ") {
      let star = word.utf8.lastIndex(of: UInt8(ascii: "*"))
      let count = star.map { Int(word[word.index(after: $0)...]) } ?? 1
      guard let value = Element(text: word[..<(star ?? word.endIndex)]), let count, count > 0,
        count <= Self.longestRun, values.count + count <= Self.longestRun
      else {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "'\(word)' is not a number or a run such as 0*512")
      }
      values.append(contentsOf: repeatElement(value, count: count))
    }
    wrappedValue = values
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Element.text(of: wrappedValue))
  }

  /// Refuses a damaged file before it takes all memory.
  private static var longestRun: Int { 1 << 24 }
}

/// A number that a ``NumberRun`` holds.
package protocol NumberRunElement: Hashable, Sendable {
  /// Reads what ``shortText`` wrote.
  init?(text: Substring)
  /// The shortest text that reads back as the same value.
  var shortText: String { get }
  /// The value where it is a whole number whose digits are its ``shortText``.
  var whole: UInt64? { get }
  /// ``runText(of:)``, compiled for this very type.
  static func text(of values: [Self]) -> String
}

extension NumberRunElement {
  /// The numbers with their repetitions folded.
  @inline(__always)
  fileprivate static func runText(of values: [Self]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(4 * values.count)
    values.withUnsafeBufferPointer { values in
      var index = 0
      while index < values.count {
        let value = values[index]
        var next = index + 1
        while next < values.count && values[next] == value { next += 1 }
        if index > 0 { text.append(UInt8(ascii: " ")) }
        if let whole = value.whole {
          append(whole, to: &text)
        } else {
          text += value.shortText.utf8
        }
        if next - index > 1 {
          text.append(UInt8(ascii: "*"))
          append(UInt64(next - index), to: &text)
        }
        index = next
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  @inline(__always)
  private static func append(_ number: UInt64, to text: inout [UInt8]) {
    if number < 10 { return text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number)) }
    var scale: UInt64 = 10
    while number / scale >= 10 { scale *= 10 }
    var rest = number
    while scale > 0 {
      text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / scale))
      rest %= scale
      scale /= 10
    }
  }
}

extension Float: NumberRunElement {
  package init?(text: Substring) {
    // Counts are mostly whole numbers, which read ten times faster as such.
    if let whole = Int32(text) { self = Float(whole) } else { self.init(text) }
  }

  package var shortText: String {
    let text = description
    // Minus zero must not turn into a whole number.
    guard self != 0 || sign == .plus, text.utf8.count > 2,
      text.utf8.suffix(2).elementsEqual(".0".utf8)
    else { return text }
    return String(text.dropLast(2))
  }

  package var whole: UInt64? {
    guard sign == .plus, self < 0x1p24 else { return nil }
    let whole = UInt64(self)
    return Float(whole) == self ? whole : nil
  }

  package static func text(of values: [Float]) -> String { runText(of: values) }
}

extension UInt64: NumberRunElement {
  package init?(text: Substring) { self.init(text) }

  package var shortText: String { description }
  package var whole: UInt64? { self }

  package static func text(of values: [UInt64]) -> String { runText(of: values) }
}
