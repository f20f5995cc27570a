/// Numbers as screens, tables and messages write them.
package enum Numbers {
  /// `37.1`, `exact` for an infinite ratio, or a dash for nothing.
  package static func decibels(_ value: Double?) -> String { decimal(value, places: 1) }

  /// `37.1 dB`, or `exact`.
  static func decibelText(_ value: Double) -> String {
    value == .infinity ? "exact" : decibels(value) + " dB"
  }

  /// A number that may be missing, or a ratio that may be infinite.
  package static func decimal(_ value: Double?, places: Int = 1) -> String {
    guard let value else { return "–" }
    if value.isInfinite { return value > 0 ? "exact" : "none" }
    if value.isNaN { return "nan" }
    return fixed(value, places: places)
  }

  package static func fixed(_ value: Double, places: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let rounded = (abs(value) * scale).rounded()
    guard rounded < 1e15 else { return "\(value)" }
    let digits = String(Int(rounded))
    let padded = String(repeating: "0", count: max(places + 1 - digits.count, 0)) + digits
    let sign = value < 0 && rounded > 0 ? "-" : ""
    guard places > 0 else { return sign + padded }
    return sign + padded.dropLast(places) + "." + padded.suffix(places)
  }

  /// Four significant digits, such as `0.02353` or `1.2e-07`.
  package static func real(_ value: Float) -> String {
    let number = Double(value)
    guard number.isFinite else { return "\(value)" }
    if number == 0 { return "0" }
    let size = abs(number)
    if size >= 100_000 || size < 0.0001 { return scientific(number) }
    var places = 3
    var limit = 1.0
    while size < limit, places < 8 {
      limit /= 10
      places += 1
    }
    if size >= 1000 {
      places = 0
    } else if size >= 100 {
      places = 1
    } else if size >= 10 {
      places = 2
    }
    return fixed(number, places: places)
  }

  private static func scientific(_ number: Double) -> String {
    var exponent = 0
    var mantissa = abs(number)
    while mantissa >= 10 {
      mantissa /= 10
      exponent += 1
    }
    while mantissa < 1 {
      mantissa *= 10
      exponent -= 1
    }
    return (number < 0 ? "-" : "") + fixed(mantissa, places: 2) + "e\(exponent)"
  }

  package static func percent(_ share: Double) -> String {
    let value = share * 100
    if value > 0, value < 0.01 { return "<0.01%" }
    return fixed(value, places: value < 1 ? 2 : 1) + "%"
  }

  /// `384.9M`.
  package static func count(_ value: Int) -> String {
    let number = Double(value)
    if number >= 1e9 { return fixed(number / 1e9, places: 2) + "G" }
    if number >= 1e6 { return fixed(number / 1e6, places: 1) + "M" }
    if number >= 1e4 { return fixed(number / 1e3, places: 1) + "k" }
    return "\(value)"
  }

  /// `1.9 MB`, powers of 1000.
  package static func bytes(_ value: Int) -> String {
    let number = Double(value)
    if number >= 1e9 { return fixed(number / 1e9, places: 2) + " GB" }
    if number >= 1e6 { return fixed(number / 1e6, places: 1) + " MB" }
    if number >= 1e3 { return fixed(number / 1e3, places: 1) + " kB" }
    return "\(value) B"
  }

  /// `12 s`, `3:05`.
  package static func seconds(_ value: Double) -> String {
    if value < 10 { return fixed(value, places: 1) + " s" }
    if value < 100 { return fixed(value, places: 0) + " s" }
    let whole = Int(value)
    let rest = whole % 60
    return "\(whole / 60):\(rest < 10 ? "0" : "")\(rest)"
  }
}
