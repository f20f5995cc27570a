/// Something about a weight tensor that its user should know.
package enum WeightWarning: Hashable, Sendable, CustomStringConvertible {
  /// Channels without a single value above zero in magnitude; their scale is the floor.
  case allZeroChannels([Int])
  /// Channels so small that the scale's floor costs them precision.
  case flooredChannels([Int])
  /// Channels whose scale is more than 2^12 below the median: bias and multiplier get extreme.
  case tinyChannels([Int])
  /// One scale for channels whose ranges differ by this factor.
  case channelSpread(ratio: Float)

  package var description: String {
    switch self {
    case .allZeroChannels(let channels):
      "\(Self.list(channels)) all zero: \(channels.count == 1 ? "it does" : "they do") nothing"
    case .flooredChannels(let channels):
      "\(Self.list(channels)) below the least scale: lower epsilon to keep precision"
    case .tinyChannels(let channels):
      "\(Self.list(channels)) over 4096 times smaller than the rest: the bias may need a larger "
        + "scale"
    case .channelSpread(let ratio):
      "channel ranges differ \(Self.factor(ratio)) times: per-channel granularity would help"
    }
  }

  /// Any ratio in words; a channel of denormals makes it too large for an integer.
  private static func factor(_ ratio: Float) -> String {
    ratio < 1e6 ? "\(Int(ratio.rounded()))" : "over a million"
  }

  private static func list(_ channels: [Int]) -> String {
    let shown = channels.prefix(4).map(String.init).joined(separator: ", ")
    let rest = channels.count > 4 ? " and \(channels.count - 4) more" : ""
    return "\(channels.count == 1 ? "channel" : "channels") \(shown)\(rest)"
  }
}
