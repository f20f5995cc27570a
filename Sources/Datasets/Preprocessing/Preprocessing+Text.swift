import Tensors

extension Preprocessing {
  /// The keys that a text may hold, in the order in which they act.
  package static let keys = [
    "frame", "resize", "crop", "scale", "mean", "std", "order", "layout", "dtype",
  ]

  /// Reads `scale=1/255,mean=0.485:0.456:0.406,std=0.229:0.224:0.225,layout=nhwc->nchw`.
  ///
  /// Parts are separated by commas, the values of one part by colons. Empty text does nothing.
  package init(parsing text: String) throws(DatasetError) {
    self.init()
    var seen: Set<String> = []
    for part in text.split(separator: ",") {
      let part = part.filter { !$0.isWhitespace }
      guard !part.isEmpty else { continue }
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let key = sides[0].lowercased()
      guard Self.keys.contains(key) else { throw Self.unknownKey(key, part: part) }
      guard sides.count == 2, !sides[1].isEmpty else {
        throw .badPreprocessing(
          part: part, reason: "'\(key)' needs a value, as \(Self.example(key))")
      }
      guard seen.insert(key).inserted else {
        throw .badPreprocessing(part: part, reason: "'\(key)' is given twice")
      }
      try set(key, String(sides[1]).lowercased(), part: part)
    }
    if !mean.isEmpty, !standardDeviation.isEmpty, mean.count != standardDeviation.count,
      mean.count > 1, standardDeviation.count > 1
    {
      throw .badPreprocessing(
        part: text,
        reason: "mean has \(mean.count) values and std has \(standardDeviation.count)")
    }
  }

  private mutating func set(
    _ key: String, _ value: String, part: String
  ) throws(DatasetError) {
    func bad() -> DatasetError {
      .badPreprocessing(part: part, reason: "write \(Self.example(key))")
    }
    switch key {
    case "frame":
      let numbers = value.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
      let known = numbers.compactMap(\.self)
      guard (1...2).contains(numbers.count), known.count == numbers.count,
        let length = known.first, let hop = known.last, hop > 0, hop <= length,
        length <= 1 << 24
      else { throw bad() }
      frame = Framing(length: length, hop: hop)
    case "resize", "crop":
      guard let extent = Extent(value) else { throw bad() }
      if key == "resize" { resize = extent } else { crop = extent }
    case "scale":
      guard let ratio = Ratio(value) else { throw bad() }
      scale = ratio
    case "mean", "std":
      var values: [Double] = []
      for word in value.split(separator: ":", omittingEmptySubsequences: false) {
        guard let number = Ratio(String(word))?.value else { throw bad() }
        values.append(number)
      }
      if key == "mean" {
        mean = values
      } else {
        guard values.allSatisfy({ $0 != 0 }) else {
          throw .badPreprocessing(part: part, reason: "a standard deviation of 0 cannot divide")
        }
        standardDeviation = values
      }
    case "order":
      guard let named = ChannelOrder(rawValue: value == "grey" ? "gray" : value) else {
        throw bad()
      }
      order = named
    case "layout":
      guard let (from, to) = Self.layouts(value) else { throw bad() }
      (sourceLayout, layout) = (from, to)
    default:
      guard let type = Self.castTypes.first(where: { $0.description == value }) else {
        throw .badPreprocessing(
          part: part,
          reason: "known types are \(Self.castTypes.map(\.description).joined(separator: ", "))")
      }
      elementType = type
    }
  }

  /// The text that `init(parsing:)` reads back as this value.
  package var text: String {
    var parts: [String] = []
    if let frame { parts.append("frame=\(frame)") }
    if let resize { parts.append("resize=\(resize)") }
    if let crop { parts.append("crop=\(crop)") }
    if let scale { parts.append("scale=\(scale)") }
    if !mean.isEmpty { parts.append("mean=" + Self.list(mean)) }
    if !standardDeviation.isEmpty { parts.append("std=" + Self.list(standardDeviation)) }
    if let order { parts.append("order=\(order.rawValue)") }
    switch (sourceLayout, layout) {
    case (let from?, let to?) where from != to:
      parts.append("layout=\(from.rawValue)->\(to.rawValue)")
    case (let one?, _), (nil, let one?):
      parts.append("layout=\(one.rawValue)")
    case (nil, nil):
      break
    }
    if let elementType { parts.append("dtype=\(elementType)") }
    return parts.joined(separator: ",")
  }

  /// The types that values can be cast to.
  static let castTypes: [ElementType] = [
    .float32, .float64, .float16, .uint8, .int8, .uint16, .int16, .int32, .int64, .uint32, .uint64,
    .bool,
  ]

  private static func list(_ values: [Double]) -> String {
    values.map { Ratio($0).description }.joined(separator: ":")
  }

  private static func layouts(_ value: String) -> (Layout, Layout)? {
    func layout(_ word: Substring) -> Layout? {
      switch word {
      case "nchw", "chw": .channelsFirst
      case "nhwc", "hwc": .channelsLast
      default: nil
      }
    }
    guard let arrow = value.firstRange(of: "->") else { return layout(value[...]).map { ($0, $0) } }
    guard let from = layout(value[..<arrow.lowerBound]), let to = layout(value[arrow.upperBound...])
    else { return nil }
    return (from, to)
  }

  private static func unknownKey(_ key: String, part: String) -> DatasetError {
    let known = "known keys are \(keys.joined(separator: ", "))"
    let nearest = NearestName.to(key, among: keys).map { "; did you mean '\($0)'?" } ?? ""
    return .badPreprocessing(part: part, reason: "there is no key '\(key)'; \(known)\(nearest)")
  }

  private static func example(_ key: String) -> String {
    switch key {
    case "frame": "frame=576:512 for frames of 576 values that start 512 apart, or frame=512"
    case "resize": "resize=256 for the shorter side, or resize=224x224"
    case "crop": "crop=224 or crop=224x192"
    case "scale": "scale=1/255 or scale=0.0078125"
    case "mean": "mean=0.485:0.456:0.406, or one value"
    case "std": "std=0.229:0.224:0.225, or one value"
    case "order": "order=bgr, order=rgb or order=gray"
    case "layout": "layout=nhwc->nchw, or layout=nchw to only say how the data lies"
    default: "dtype=float32"
    }
  }
}

extension Preprocessing.Extent: CustomStringConvertible {
  /// Reads `256` or `height x width` as `224x192`.
  init?(_ text: String) {
    let words = text.split(separator: "x", omittingEmptySubsequences: false)
    let sides = words.compactMap { Int($0) }
    // No photograph is wider, and nobody waits for a larger resampling.
    guard sides.count == words.count, sides.allSatisfy({ (1...32_768).contains($0) }) else {
      return nil
    }
    switch sides.count {
    case 1: self = .side(sides[0])
    case 2: self = .exact(height: sides[0], width: sides[1])
    default: return nil
    }
  }

  package var description: String {
    switch self {
    case .side(let side): "\(side)"
    case .exact(let height, let width): "\(height)x\(width)"
    }
  }
}

extension Preprocessing.Ratio: CustomStringConvertible {
  /// Reads `0.5`, `1/255` or `1e-3`; finite, and not divided by zero.
  init?(_ text: String) {
    let words = text.split(separator: "/", omittingEmptySubsequences: false)
    let numbers = words.compactMap { Double($0) }
    guard numbers.count == words.count, numbers.allSatisfy(\.isFinite) else { return nil }
    switch numbers.count {
    case 1: self.init(numbers[0])
    case 2 where numbers[1] != 0: self.init(numbers[0], over: numbers[1])
    default: return nil
    }
  }

  var value: Double { numerator / denominator }

  package var description: String {
    func word(_ number: Double) -> String {
      let text = "\(number)"
      return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
    return denominator == 1 ? word(numerator) : "\(word(numerator))/\(word(denominator))"
  }
}
