extension ObserverKind {
  /// The map known beforehand that gives just `parameters` where a tensor has their codes.
  ///
  /// Fixed maps are stated for codes 0...255. Where that takes a division that no float32 undoes, the
  /// scale is the nearest one.
  package static func fixed(_ parameters: QuantizationParameters) -> ObserverKind {
    let range = parameters.range
    let share = Float(range.steps + 1) / 256
    let scale = parameters.scale * share
    let near = [scale, scale.nextUp, scale.nextDown]
    let offset = parameters.zeroPoint - range.lowest
    let guess = Int32((Float(offset) / share).rounded())
    let zeroPoint = (guess - 1...guess + 1).first { candidate in
      (0...255).contains(candidate)
        && Int32((Float(candidate) * share).rounded(.toNearestOrEven)) == offset
    }
    return .fixed(
      scale: near.first { $0 / share == parameters.scale } ?? scale,
      zeroPoint: zeroPoint ?? min(max(guess, 0), 255))
  }
}
