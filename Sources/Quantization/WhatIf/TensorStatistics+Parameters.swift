extension TensorStatistics {
  /// The maps that a scheme gives this tensor: one, or one per channel.
  ///
  /// - Throws: ``ParameterError/notObserved`` before the first finite value. There is no default.
  package func parameters(for scheme: TensorScheme) throws(ParameterError) -> TensorParameters {
    switch scheme.granularity {
    case .perTensor:
      return TensorParameters(try map(covering: scheme, model: nil).parameters)
    case .perChannel:
      return try channelParameters(for: scheme)
    }
  }

  /// What the scheme's observer would do, with its predicted cost. Granularity is ignored: this is
  /// about the tensor as a whole.
  package func choice(for scheme: TensorScheme) throws(ParameterError) -> RangeChoice {
    try requireObserved()
    return try choice(for: scheme, model: NoiseModel(self))
  }

  /// One row for each observer under the same scheme, in a fixed order; the scheme's own is there
  /// too. Observers that cannot answer for this tensor are left out.
  package func comparison(_ scheme: TensorScheme) throws(ParameterError) -> [RangeChoice] {
    try requireObserved()
    let model = NoiseModel(self)
    var kinds = ObserverKind.comparable
    if let index = kinds.firstIndex(where: { $0.name == scheme.observer.name }) {
      kinds[index] = scheme.observer
    } else {
      kinds.append(scheme.observer)
    }
    var rows: [RangeChoice] = []
    for kind in kinds {
      var scheme = scheme
      scheme.observer = kind
      if let row = try? choice(for: scheme, model: model) { rows.append(row) }
    }
    return rows
  }

  private func choice(
    for scheme: TensorScheme, model: NoiseModel
  ) throws(ParameterError) -> RangeChoice {
    let (parameters, range) = try map(covering: scheme, model: model)
    return RangeChoice(
      observer: scheme.observer, lower: range.lowerBound, upper: range.upperBound,
      parameters: parameters, noise: model.noise(of: parameters))
  }

  private func map(
    covering scheme: TensorScheme, model: NoiseModel?
  ) throws(ParameterError) -> (parameters: QuantizationParameters, range: ClosedRange<Float>) {
    if case .fixed(let scale, let zeroPoint) = scheme.observer {
      let parameters = try QuantizationParameters(
        fixedScale: scale, zeroPoint: zeroPoint, range: scheme.range)
      return (parameters, parameters.lowerBound...parameters.upperBound)
    }
    let range = try range(for: scheme, model: model)
    return (QuantizationParameters(covering: range, scheme: scheme), range)
  }

  private func range(
    for scheme: TensorScheme, model: NoiseModel?
  ) throws(ParameterError) -> ClosedRange<Float> {
    if case .manual(let lower, let upper) = scheme.observer {
      guard lower.isFinite, upper.isFinite, lower < upper else {
        throw .badManualRange(lower: lower, upper: upper)
      }
      return lower...upper
    }
    try requireObserved()
    switch scheme.observer {
    case .minMax, .fixed, .manual:
      return signed.minimum...signed.maximum
    case .movingAverageMinMax(let constant):
      return try movingRange(constant: constant)
    case .histogram:
      do throws(ObserverError) {
        let result = try HistogramSearch(signed).run()
        return min(result.lower, result.upper)...result.upper
      } catch {
        throw .rangeTooWide(minimum: signed.minimum, maximum: signed.maximum)
      }
    case .percentile(let percent):
      guard percent > 50, percent <= 100 else { throw .badPercentile(percent) }
      return PercentileRange(statistics: self, percent: percent).range(scheme.symmetry)
    case .entropy:
      let codes = Int(scheme.range.steps) + 1
      return EntropyRange(self, symmetry: scheme.symmetry, codes: codes).range()
    case .meanSquaredError:
      return SquaredErrorRange(self, scheme: scheme, model: model ?? NoiseModel(self)).range()
    }
  }

  /// The moving average of batch ranges.
  ///
  /// Exact for the constant that is kept (0.01), and for any other while the curve still holds every
  /// batch by itself (256 of them); after that, from the ranges of neighbouring batches together.
  private func movingRange(constant: Float) throws(ParameterError) -> ClosedRange<Float> {
    guard constant > 0, constant <= 1 else { throw .badAveragingConstant(constant) }
    if constant == movingAverage.constant {
      return movingAverage.minima[0]...max(movingAverage.minima[0], movingAverage.maxima[0])
    }
    var average = MovingRange(constant: constant)
    for point in batchRanges.points {
      for _ in 0..<point.batchCount { average.add(point.minimum, point.maximum) }
    }
    return average.minima[0]...max(average.minima[0], average.maxima[0])
  }

  private func channelParameters(
    for scheme: TensorScheme
  ) throws(ParameterError) -> TensorParameters {
    try requireObserved()
    guard !channelsDiffer else { throw .channelsDiffer }
    guard let channels else { throw .noChannels }
    let minima: [Float]
    let maxima: [Float]
    switch scheme.observer {
    case .minMax:
      (minima, maxima) = (channels.minima, channels.maxima)
    case .movingAverageMinMax(let constant) where constant == channels.movingAverage.constant:
      (minima, maxima) = (channels.movingAverage.minima, channels.movingAverage.maxima)
    case .fixed, .manual:
      let shared = try map(covering: scheme, model: nil).parameters
      return TensorParameters(
        channels: Array(repeating: shared, count: channels.count), axis: channels.axis)
    default:
      throw .perTensorOnly(scheme.observer)
    }
    let maps = zip(minima, maxima).map { low, high in
      // A channel that never held a finite value is as good as all zero.
      QuantizationParameters(covering: low <= high ? low...high : 0...0, scheme: scheme)
    }
    return TensorParameters(channels: maps, axis: channels.axis)
  }

  private func requireObserved() throws(ParameterError) {
    guard !isObserved else { return }
    if nonFiniteCount > 0 { throw .noFiniteValues(count: nonFiniteCount) }
    throw .notObserved
  }
}

extension QuantizationParameters {
  /// A map known beforehand. It is stated for codes 0...255; other codes get the map that covers
  /// the same reals: for -128...127 the zero point moves by 128, for 0...127 steps are twice as wide.
  package init(
    fixedScale scale: Float, zeroPoint: Int32, range: QuantizedRange
  ) throws(ParameterError) {
    guard scale.isFinite, scale > 0 else { throw .badFixedScale(scale) }
    guard (0...255).contains(zeroPoint) else { throw .badFixedZeroPoint(zeroPoint) }
    let share = Float(range.steps + 1) / 256
    let moved = (Float(zeroPoint) * share).rounded(.toNearestOrEven)
    self.init(scale: scale / share, zeroPoint: range.lowest + Int32(moved), range: range)
  }
}
