import Foundation
import Quantization
import Testing

@Suite struct RangeChoiceTests {
  static let kinds: [ObserverKind] =
    ObserverKind.comparable + [.percentile(99), .manual(lower: -1, upper: 2)]

  @Test(arguments: kinds) func nothingObservedIsAnError(kind: ObserverKind) {
    if case .manual = kind { return }
    #expect(throws: ParameterError.notObserved) {
      try TensorStatistics().parameters(for: .activation(kind))
    }
    #expect(throws: ParameterError.notObserved) {
      try TensorStatistics(channelAxis: 1).parameters(for: .weight(.perChannel, kind))
    }
  }

  @Test func nothingFiniteIsAnError() {
    let statistics = TensorStatistics.over([[.nan, .infinity]])
    #expect(throws: ParameterError.noFiniteValues(count: 2)) {
      try statistics.choice(for: .activation())
    }
  }

  /// The model must say what measuring would: rounding and clipping apart, within half a decibel.
  @Test(arguments: kinds, [Symmetry.affine, .symmetric])
  func predictsWhatWouldBeMeasured(kind: ObserverKind, symmetry: Symmetry) throws {
    var source = Stream(seed: 5)
    let values = (0..<40_000).map { index in
      let value = source.normal() * (index % 50 == 0 ? 6 : 1)
      return value < -1 ? 0 : value
    }
    let statistics = TensorStatistics.over(
      stride(from: 0, to: values.count, by: 4000).map { Array(values[$0..<($0 + 4000)]) })
    let choice = try statistics.choice(for: .activation(kind, symmetry))
    let measured = Measured(values, choice.parameters)
    #expect(abs(choice.predictedSQNR - measured.sqnr) < 0.5)
    #expect(abs(choice.clippedPercent - measured.clippedPercent) < 0.05)
    if measured.rounding > 0 {
      #expect(abs(10 * log10(choice.noise.rounding / measured.rounding)) < 0.5)
    }
    if measured.clippedPercent > 0.5 {
      #expect(abs(10 * log10(choice.noise.clipping / measured.clipping)) < 0.5)
    }
  }

  @Test func zerosCostNothing() throws {
    var source = Stream(seed: 6)
    let values = (0..<10_000).map { $0 % 10 < 9 ? 0 : abs(source.normal()) }
    let choice = try TensorStatistics.over([values]).choice(for: .activation(.percentile(99.9)))
    #expect(abs(choice.predictedSQNR - Measured(values, choice.parameters).sqnr) < 0.5)
  }

  @Test(arguments: [90, 99, 99.9, 100]) func percentileCoversItsShare(percent: Double) throws {
    var source = Stream(seed: 7)
    let values = source.normals(20_000)
    let statistics = TensorStatistics.over([values])
    let symmetric = try statistics.choice(for: .activation(.percentile(percent), .symmetric))
    let inside = values.count { abs($0) <= symmetric.upper }
    #expect(abs(Double(inside) / 200 - percent) < 0.1)
    let affine = try statistics.choice(for: .activation(.percentile(percent), .affine))
    let below = values.count { $0 < affine.lower }
    let above = values.count { $0 > affine.upper }
    #expect(abs(Double(below) / 200 - (100 - percent) / 2) < 0.1)
    #expect(abs(Double(above) / 200 - (100 - percent) / 2) < 0.1)
  }

  @Test(arguments: [Symmetry.affine, .symmetric], [false, true])
  func meanSquaredErrorBeatsEveryOtherObserver(symmetry: Symmetry, reduceRange: Bool) throws {
    var source = Stream(seed: 8)
    let values = (0..<30_000).map { source.normal() * ($0 % 500 == 0 ? 30 : 1) + 0.3 }
    let rows = try TensorStatistics.over([values])
      .comparison(.activation(.minMax, symmetry, reduceRange: reduceRange))
    let best = try #require(rows.first { $0.observer == .meanSquaredError })
    #expect(rows.allSatisfy { best.predictedSQNR >= $0.predictedSQNR - 0.05 })
    #expect(rows.map(\.observer.name) == ObserverKind.comparable.map(\.name))
  }

  /// Thresholds are searched coarse to fine; the divergence itself is checked against its definition.
  @Test(arguments: 1...4) func entropyFindsAThresholdThatHoldsTheBulk(seed: UInt64) throws {
    var source = Stream(seed: seed)
    let values = (0..<50_000).map { $0 % 5000 == 0 ? 50 : source.normal() }
    let statistics = TensorStatistics.over([values])
    let choice = try statistics.choice(for: .activation(.entropy, .symmetric))
    #expect(choice.upper > 2.5 && choice.upper < 12, "\(choice.upper)")
    #expect(choice.lower == -choice.upper)
  }

  @Test func entropyKeepsEverythingOfAFlatDistribution() throws {
    let values = (0...20_000).map { Float($0) / 20_000 }
    let choice = try TensorStatistics.over([values]).choice(for: .activation(.entropy))
    #expect(choice.upper > 0.97)
  }

  @Test func symmetricReducedUnsignedCodesAreFine() throws {
    let statistics = TensorStatistics.over([[-2, 1, 4]])
    let map = try statistics.choice(for: .activation(.minMax, .symmetric, reduceRange: true))
      .parameters
    #expect(map.zeroPoint == 63)
    #expect(map.scale == 4 / 63.5)
  }

  @Test func manualAndFixedNeedNoData() throws {
    let manual = try TensorStatistics().parameters(
      for: .activation(.manual(lower: 0, upper: 6))
    ).channels[0]
    #expect(manual.scale == Float(6) / 255)
    let fixed = try TensorStatistics().parameters(
      for: .activation(.fixed(scale: 1 / 256, zeroPoint: 0))
    ).channels[0]
    #expect(fixed == FixedParametersObserver.unitInterval.parameters)
  }

  @Test func fixedMapsFollowTheCodes() throws {
    var scheme = TensorScheme.activation(.fixed(scale: 2 / 256, zeroPoint: 128))
    scheme.type = .qint8
    let signed = try TensorStatistics().parameters(for: scheme).channels[0]
    #expect(signed.scale == 2 / 256 && signed.zeroPoint == 0)
    scheme = .activation(.fixed(scale: 1 / 256, zeroPoint: 0), reduceRange: true)
    let reduced = try TensorStatistics().parameters(for: scheme).channels[0]
    #expect(reduced.scale == 2 / 256 && reduced.zeroPoint == 0)
  }

  @Test(arguments: [
    ObserverKind.manual(lower: 1, upper: 1), .manual(lower: 0, upper: .infinity), .percentile(101),
    .percentile(.nan), .fixed(scale: 0, zeroPoint: 0), .fixed(scale: 1, zeroPoint: 300),
    .movingAverageMinMax(constant: 0),
  ])
  func impossibleObserversAreErrors(kind: ObserverKind) {
    let statistics = TensorStatistics.over([[1, 2]])
    #expect(throws: ParameterError.self) { try statistics.choice(for: .activation(kind)) }
  }

  @Test func otherAveragingConstantsAreExactWhileEveryBatchIsKept() throws {
    var source = Stream(seed: 11)
    let batches = (0..<200).map { _ in source.normals(20) }
    var observer = MovingAverageMinMaxObserver(averagingConstant: 0.25)
    for batch in batches { observer.observe(batch) }
    let choice = try TensorStatistics.over(batches)
      .choice(for: .activation(.movingAverageMinMax(constant: 0.25)))
    #expect(choice.lower == observer.minimum)
    #expect(choice.upper == observer.maximum)
  }
}

/// The error of a map on values, taken one by one.
private struct Measured {
  var signal = 0.0
  var rounding = 0.0
  var clipping = 0.0
  var clipped = 0
  let count: Int

  init(_ values: [Float], _ map: QuantizationParameters) {
    count = values.count
    for value in values {
      let error = Double(value) - Double(map.dequantize(map.quantizeLinear(value)))
      signal += Double(value) * Double(value)
      if abs(error) > 0.50001 * Double(map.scale) {
        clipping += error * error
        clipped += 1
      } else {
        rounding += error * error
      }
    }
    signal /= Double(count)
    rounding /= Double(count)
    clipping /= Double(count)
  }

  var sqnr: Double { 10 * log10(signal / (rounding + clipping)) }
  var clippedPercent: Double { 100 * Double(clipped) / Double(count) }
}
