import Testing

@testable import Kernels

@Suite struct FloatTransposeConvolutionTests {
  /// The definition: every input pixel is spread over the output.
  static func reference(
    _ g: ConvolutionTransposeGeometry, _ input: [Float], _ weights: [Float], _ bias: [Float],
    batch: Int
  ) -> [Float] {
    var sums = (0..<batch * g.outputCount).map { Double(bias[$0 % g.outputChannels]) }
    let perGroup = g.outputChannelsPerGroup
    for image in 0..<batch {
      for y in 0..<g.inputHeight {
        for x in 0..<g.inputWidth {
          for c in 0..<g.inputChannels {
            let value = Double(
              input[((image * g.inputHeight + y) * g.inputWidth + x) * g.inputChannels + c])
            let group = c / g.inputChannelsPerGroup
            for ky in 0..<g.kernelHeight {
              let row = y * g.strideHeight + ky * g.dilationHeight - g.padTop
              guard (0..<g.outputHeight).contains(row) else { continue }
              for kx in 0..<g.kernelWidth {
                let column = x * g.strideWidth + kx * g.dilationWidth - g.padLeft
                guard (0..<g.outputWidth).contains(column) else { continue }
                let place = (image * g.outputHeight + row) * g.outputWidth + column
                for o in 0..<perGroup {
                  let weight = weights[
                    ((c * perGroup + o) * g.kernelHeight + ky) * g.kernelWidth + kx]
                  sums[place * g.outputChannels + group * perGroup + o] += value * Double(weight)
                }
              }
            }
          }
        }
      }
    }
    return sums.map { Float($0) }
  }

  static func check(_ g: ConvolutionTransposeGeometry, isa: InstructionSet, threads: Int) {
    let input = testValues(2 * g.inputCount)
    let weights = testValues(g.weightCount, seed: 2)
    let bias = testValues(g.outputChannels, seed: 3)
    let expected = reference(g, input, weights, bias, batch: 2)
    let convolution = ConvolutionTransposeFloat(
      geometry: g, weights: weights, bias: bias, isa: isa)
    let from = GuardedBuffer(input)
    let to = GuardedBuffer<Float>(count: 2 * g.outputCount, repeating: .nan)
    withScratch(convolution.scratchByteCount(threads: threads)) { scratch in
      convolution.run(
        from.base, into: to.base, batch: 2, scratch: scratch, pool: ThreadPool(threads: threads))
    }
    #expect(agree(to.array, expected), "\(g) on \(isa)")
  }

  @Test(arguments: InstructionSet.available, [(1, 1), (3, 5), (16, 24), (9, 17)])
  func kernelsAsWideAsTheStrideDoNotOverlap(isa: InstructionSet, channels: (Int, Int)) {
    for size in [1, 2, 3] {
      Self.check(
        ConvolutionTransposeGeometry(
          inputHeight: 3, inputWidth: 4, inputChannels: channels.0, outputChannels: channels.1,
          kernelHeight: size, kernelWidth: size, strideHeight: size, strideWidth: size),
        isa: isa, threads: 2)
    }
  }

  @Test(arguments: InstructionSet.available)
  func overlapsPadsAndDilationAdd(isa: InstructionSet) {
    for (kernel, stride, dilation, pad, extra) in [
      (3, 2, 1, 1, 1), (4, 2, 1, 1, 0), (3, 1, 1, 1, 0), (3, 2, 2, 2, 1), (2, 3, 1, 0, 2),
      (5, 3, 1, 2, 0),
    ] {
      Self.check(
        ConvolutionTransposeGeometry(
          inputHeight: 4, inputWidth: 5, inputChannels: 6, outputChannels: 10,
          kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
          dilationHeight: dilation, dilationWidth: dilation, padTop: pad, padLeft: pad,
          padBottom: pad, padRight: pad, outputPaddingHeight: extra, outputPaddingWidth: extra,
          groups: 2),
        isa: isa, threads: 1)
    }
  }
}
