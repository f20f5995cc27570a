extension ConvolutionTransposeGeometry {
  /// The same pixels seen as `strideWidth` times as many channels of fewer columns; `nil` unless
  /// the taps of a row lie side by side, each in output pixels of its own.
  ///
  /// In NHWC the `strideWidth` pixels that an input pixel adds to are one run of channels, so that
  /// one product gives them all.
  package var folded: ConvolutionTransposeGeometry? {
    guard groups == 1, strideWidth > 1, kernelWidth == strideWidth, dilationWidth == 1,
      padLeft == 0, padRight == 0, outputPaddingWidth == 0
    else { return nil }
    var result = self
    result.outputChannels *= strideWidth
    (result.kernelWidth, result.strideWidth) = (1, 1)
    return result
  }

  /// Weights `[inputChannels, outputChannels, kernelHeight, kernelWidth]` for the folded geometry:
  /// `[inputChannels, kernelWidth * outputChannels, kernelHeight, 1]`.
  package func folded<Weight>(weights: [Weight]) -> [Weight] {
    precondition(weights.count == weightCount, "\(weights.count) weights for \(weightCount)")
    var result: [Weight] = []
    result.reserveCapacity(weights.count)
    for input in 0..<inputChannels {
      for column in 0..<kernelWidth {
        for output in 0..<outputChannels {
          for row in 0..<kernelHeight {
            let line = (input * outputChannels + output) * kernelHeight + row
            result.append(weights[line * kernelWidth + column])
          }
        }
      }
    }
    return result
  }
}
