import Quantization
import Testing

/// Fixed maps as text keep what training chose.
@Suite struct FixedMapTests {
  static let ranges: [QuantizedRange] = [
    .uint8, .int8, QuantizedRange(lowest: 0, highest: 127, type: .quint8),
    QuantizedRange(lowest: -64, highest: 63, type: .qint8),
    QuantizedRange(lowest: -127, highest: 127, type: .qint8),
  ]

  @Test(arguments: ranges)
  func theMapComesBack(range: QuantizedRange) throws {
    var source = Stream(seed: 11)
    for _ in 0..<2000 {
      let scale = Float(source.bits() % 1_000_000 + 1) * 1e-7
      let zeroPoint =
        range.lowest + Int32(source.bits() % UInt64(range.highest - range.lowest + 1))
      let parameters = QuantizationParameters(scale: scale, zeroPoint: zeroPoint, range: range)
      let text = ObserverKind.fixed(parameters).text
      let rule = try Rule(parsing: "tensor=x:activation.observer=\(text)")
      guard case .fixed(let scale, let zero) = rule.change.activation.observer else {
        Issue.record("\(text)")
        return
      }
      let found = try QuantizationParameters(fixedScale: scale, zeroPoint: zero, range: range)
      #expect(found.zeroPoint == zeroPoint)
      // Only 255 codes take a division that float32 does not always undo.
      if range.steps + 1 == 255 {
        #expect(abs(found.scale / parameters.scale - 1) < 2e-7)
      } else {
        #expect(found.scale == parameters.scale)
      }
    }
  }
}
