extension TensorStatistics: Codable {
  private enum CodingKeys: String, CodingKey {
    case batchCount, elementCount, zeroCount, nanCount, positiveInfinityCount
    case negativeInfinityCount, sum, sumOfSquares, channels, channelsDiffer, movingAverage
    case batchRanges, signed, absolute, channelAxis
  }

  /// - Throws: `DecodingError` also where the numbers contradict each other.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    channelAxis = try container.decodeIfPresent(Int.self, forKey: .channelAxis)
    signed = try container.decode(TorchHistogram.self, forKey: .signed)
    absolute = try container.decode(AbsoluteHistogram.self, forKey: .absolute)
    batchCount = try container.decode(Int.self, forKey: .batchCount)
    elementCount = try container.decode(Int.self, forKey: .elementCount)
    zeroCount = try container.decode(Int.self, forKey: .zeroCount)
    nanCount = try container.decode(Int.self, forKey: .nanCount)
    positiveInfinityCount = try container.decode(Int.self, forKey: .positiveInfinityCount)
    negativeInfinityCount = try container.decode(Int.self, forKey: .negativeInfinityCount)
    sum = try container.decode(Double.self, forKey: .sum)
    sumOfSquares = try container.decode(Double.self, forKey: .sumOfSquares)
    channels = try container.decodeIfPresent(ChannelRanges.self, forKey: .channels)
    channelsDiffer = try container.decode(Bool.self, forKey: .channelsDiffer)
    movingAverage = try container.decode(MovingRange.self, forKey: .movingAverage)
    batchRanges = try container.decode(RangeCurve.self, forKey: .batchRanges)
    guard isConsistent else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "the statistics of a tensor contradict themselves: calibrate again"))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(channelAxis, forKey: .channelAxis)
    try container.encode(signed, forKey: .signed)
    try container.encode(absolute, forKey: .absolute)
    try container.encode(batchCount, forKey: .batchCount)
    try container.encode(elementCount, forKey: .elementCount)
    try container.encode(zeroCount, forKey: .zeroCount)
    try container.encode(nanCount, forKey: .nanCount)
    try container.encode(positiveInfinityCount, forKey: .positiveInfinityCount)
    try container.encode(negativeInfinityCount, forKey: .negativeInfinityCount)
    try container.encode(sum, forKey: .sum)
    try container.encode(sumOfSquares, forKey: .sumOfSquares)
    try container.encodeIfPresent(channels, forKey: .channels)
    try container.encode(channelsDiffer, forKey: .channelsDiffer)
    try container.encode(movingAverage, forKey: .movingAverage)
    try container.encode(batchRanges, forKey: .batchRanges)
  }

  /// Whether the parts of a file that somebody may have edited fit together.
  private var isConsistent: Bool {
    let counts = [
      batchCount, elementCount, zeroCount, nanCount, positiveInfinityCount, negativeInfinityCount,
    ]
    // Beyond 2^56 the sums of such counts could overflow.
    guard counts.allSatisfy({ $0 >= 0 && $0 < 1 << 56 }), zeroCount <= elementCount else {
      return false
    }
    return (elementCount > 0) == !signed.isEmpty
      && signed.isConsistent && absolute.isConsistent && signed.bins == absolute.bins
      && batchRanges.isConsistent && movingAverage.isConsistent
      && movingAverage.minima.count == 1 && channels?.isConsistent != false
      && (channels == nil || channels?.axis == channelAxis)
  }
}

extension TorchHistogram {
  fileprivate var isConsistent: Bool {
    bins > 0 && counts.allSatisfy { $0 >= 0 && $0.isFinite }
      && (isEmpty || minimum.isFinite && maximum.isFinite)
  }
}

extension ChannelRanges {
  fileprivate var isConsistent: Bool {
    maxima.count == count && movingAverage.isConsistent && movingAverage.minima.count == count
  }
}
