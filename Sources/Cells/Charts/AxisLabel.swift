import Foundation

/// Numbers as short as an axis needs them.
package enum AxisLabel {
  /// Three significant digits, with `k`, `M`, `G` from a thousand and an exponent where zeros
  /// would pile up: `0.0031`, `-4.5e-07`, `12.5`, `1.2k`.
  package static func text(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "inf" : "-inf" }
    let size = abs(value)
    // 999.5 and above would round to four digits.
    for (unit, letter) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where size >= 0.9995 * unit {
      return size < 1e12
        ? String(format: "%.3g", value / unit) + letter
        : String(format: "%.2e", value)
    }
    return String(format: "%.3g", value)
  }

  /// Bounds a little apart even where all values are the same, so that a scale can be divided by.
  static func span(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
    // Kept so far from the largest number that the distance between the bounds is one, too.
    func kept(_ bound: Double) -> Double { bound.isNaN ? 0 : min(max(bound, -1e300), 1e300) }
    let low = kept(range.lowerBound)
    let high = max(kept(range.upperBound), low)
    let gap = max(abs(low), abs(high)) * 1e-9
    guard high - low <= gap else { return low...high }
    let margin = low == 0 ? 0.5 : abs(low) / 2
    return (low - margin)...(high + margin)
  }

  /// The extent of the finite values among some; `nil` without any.
  static func extent(_ values: some Sequence<Double>) -> ClosedRange<Double>? {
    var range: ClosedRange<Double>?
    for value in values where value.isFinite {
      range = range.map { min($0.lowerBound, value)...max($0.upperBound, value) } ?? value...value
    }
    return range
  }
}
