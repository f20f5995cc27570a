extension ObserverKind {
  /// What tables of all observers compare, in this order.
  package static let comparable: [ObserverKind] = [
    .minMax, .movingAverageMinMax(constant: MovingRange.defaultConstant), .histogram,
    .percentile(defaultPercentile), .entropy, .meanSquaredError,
  ]

  package static let defaultPercentile = 99.99

  /// The word for it in commands and sessions, without its arguments.
  package var name: String {
    switch self {
    case .minMax: "minMax"
    case .movingAverageMinMax: "movingAverage"
    case .histogram: "histogram"
    case .percentile: "percentile"
    case .entropy: "entropy"
    case .meanSquaredError: "mse"
    case .fixed: "fixed"
    case .manual: "manual"
    }
  }

  /// A few letters for narrow tables: `hist`, `p99.99`, `-1..6`.
  package var shortName: String {
    switch self {
    case .minMax: "mm"
    case .movingAverageMinMax: "ema"
    case .histogram: "hist"
    case .percentile(let percent): "p\(percent.compact)"
    case .entropy: "kl"
    case .meanSquaredError: "mse"
    case .fixed: "fix"
    case .manual: "man"
    }
  }

  /// The whole thing as commands take it: `percentile(99.99)`, `manual(-1;6)`.
  package var text: String {
    switch self {
    case .movingAverageMinMax(let constant) where constant != MovingRange.defaultConstant:
      "movingAverage(\(constant))"
    case .percentile(let percent): "percentile(\(percent.compact))"
    case .fixed(let scale, let zeroPoint): "fixed(\(scale);\(zeroPoint))"
    case .manual(let lower, let upper): "manual(\(lower);\(upper))"
    default: name
    }
  }
}

extension Double {
  /// Without a trailing `.0`.
  fileprivate var compact: String {
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
