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
    var words: [String] = []
    var index = 0
    while index < wrappedValue.count {
      let value = wrappedValue[index]
      var next = index + 1
      while next < wrappedValue.count && wrappedValue[next] == value { next += 1 }
      let count = next - index
      words.append(count == 1 ? value.shortText : "\(value.shortText)*\(count)")
      index = next
    }
    var container = encoder.singleValueContainer()
    try container.encode(words.joined(separator: " "))
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
}

extension Float: NumberRunElement {
  package init?(text: Substring) {
    // Counts are mostly whole numbers, which read ten times faster as such.
    if let whole = Int32(text) { self = Float(whole) } else { self.init(text) }
  }

  package var shortText: String {
    let text = description
    // Minus zero must not turn into a whole number.
    return text.hasSuffix(".0") && self != 0 || text == "0.0" ? String(text.dropLast(2)) : text
  }
}

extension UInt64: NumberRunElement {
  package init?(text: Substring) { self.init(text) }

  package var shortText: String { description }
}
