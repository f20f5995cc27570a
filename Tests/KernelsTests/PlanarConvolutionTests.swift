import Testing

@testable import Kernels

/// Convolutions of images whose channels are planes, against the definition over pixels.
@Suite struct PlanarConvolutionTests {
  /// Columns around those of a tile, one to four planes, and windows over all borders.
  static let geometries: [ConvolutionGeometry] = {
    var all: [ConvolutionGeometry] = []
    for width in [1, 5, 6, 8, 15, 16, 17, 33] {
      all.append(
        ConvolutionGeometry(
          inputHeight: 5, inputWidth: width, inputChannels: 1, outputChannels: 7, kernelHeight: 3,
          kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1))
      all.append(
        ConvolutionGeometry(
          inputHeight: 9, inputWidth: 2 * width, inputChannels: 3, outputChannels: 16,
          kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2, padTop: 1, padLeft: 1,
          padBottom: 1, padRight: 1))
    }
    for channels in [1, 8, 9, 17, 31, 32, 33, 50] {
      all.append(
        ConvolutionGeometry(
          inputHeight: 12, inputWidth: 23, inputChannels: 3, outputChannels: channels,
          kernelHeight: 7, kernelWidth: 7, strideHeight: 2, strideWidth: 2, padTop: 3, padLeft: 3,
          padBottom: 2, padRight: 2))
    }
    return all + [
      // More steps than lines under the kernel, dilation, pads beyond the image, one line.
      ConvolutionGeometry(
        inputHeight: 13, inputWidth: 70, inputChannels: 2, outputChannels: 12, kernelHeight: 2,
        kernelWidth: 2, strideHeight: 3, strideWidth: 4),
      ConvolutionGeometry(
        inputHeight: 11, inputWidth: 21, inputChannels: 4, outputChannels: 20, kernelHeight: 3,
        kernelWidth: 3, dilationHeight: 2, dilationWidth: 3, padTop: 2, padLeft: 3, padBottom: 2,
        padRight: 3),
      ConvolutionGeometry(
        inputHeight: 2, inputWidth: 3, inputChannels: 3, outputChannels: 5, kernelHeight: 3,
        kernelWidth: 3, padTop: 6, padLeft: 9, padBottom: 5, padRight: 11),
      ConvolutionGeometry(
        inputHeight: 1, inputWidth: 64, inputChannels: 2, outputChannels: 33, kernelHeight: 1,
        kernelWidth: 5, strideWidth: 2, padLeft: 2, padRight: 2),
    ]
  }()

  /// `[batch, height, width, channels]` as `[batch, channels, height, width]`.
  private func planes(_ pixels: [Float], _ geometry: ConvolutionGeometry, batch: Int) -> [Float] {
    let (count, channels) = (geometry.inputHeight * geometry.inputWidth, geometry.inputChannels)
    return (0..<batch * channels * count).map { index in
      let (image, place) = index.quotientAndRemainder(dividingBy: channels * count)
      return pixels[(image * count + place % count) * channels + place / count]
    }
  }

  private static let activations: [FloatActivation] = [
    .none, .hardSwish, .relu6, .clamp(low: -.infinity, high: 0.5), .sigmoid,
  ]

  @Test(arguments: InstructionSet.available, geometries)
  func windowsAreTheDefinition(isa: InstructionSet, geometry: ConvolutionGeometry) {
    let batch = 2
    let pixels = testValues(batch * geometry.inputCount)
    let weights = testValues(geometry.weightCount, seed: 2)
    let bias = testValues(geometry.outputChannels, seed: 3)
    let sums = FloatConvolutionTests.reference(geometry, pixels, weights, bias, nil, batch: batch)
    let input = planes(pixels, geometry, batch: batch)
    for activation in Self.activations {
      var expected = sums
      expected.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        activation.apply(base, into: base, count: buffer.count, isa: .scalar)
      }
      let convolution = PlanarConvolutionFloat(
        geometry: geometry, weights: weights, bias: bias, activation: activation, isa: isa)
      var results: [[Float]] = []
      for threads in [1, 2] {
        let edge: GuardedBuffer<Float>.Edge = threads == 1 ? .end : .start
        let from = GuardedBuffer(input, flushWith: edge)
        let to = GuardedBuffer<Float>(count: expected.count, flushWith: edge, repeating: .nan)
        withScratch(convolution.scratchByteCount(threads: threads)) { scratch in
          convolution.run(
            from.base, into: to.base, batch: batch, scratch: scratch,
            pool: ThreadPool(threads: threads))
        }
        #expect(agree(to.array, expected), "\(geometry) on \(isa), \(threads) threads")
        results.append(to.array)
      }
      #expect(results[0] == results[1])
    }
  }
}
