import Kernels
import Testing

@Suite struct Int8ConvolutionTransposeTests {
  struct Example: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let geometry: ConvolutionTransposeGeometry

    init(
      _ name: String, input: Int, output: Int, kernel: Int, stride: Int, pad: Int = 0,
      dilation: Int = 1, outputPadding: Int = 0, groups: Int = 1
    ) {
      testDescription = name
      geometry = ConvolutionTransposeGeometry(
        inputHeight: 3, inputWidth: 4, inputChannels: input, outputChannels: output,
        kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
        dilationHeight: dilation, dilationWidth: dilation, padTop: pad, padLeft: pad,
        padBottom: pad, padRight: pad, outputPaddingHeight: outputPadding,
        outputPaddingWidth: outputPadding, groups: groups)
    }
  }

  static let examples = [
    Example("doubling", input: 8, output: 5, kernel: 2, stride: 2),
    Example("doubling to one channel", input: 24, output: 1, kernel: 2, stride: 2),
    Example("tripling", input: 5, output: 7, kernel: 3, stride: 3),
    Example("doubling with overlap", input: 3, output: 20, kernel: 4, stride: 2, pad: 1),
    Example(
      "3x3 with output padding", input: 5, output: 6, kernel: 3, stride: 2, pad: 1,
      outputPadding: 1),
    Example("stride beyond the kernel", input: 4, output: 3, kernel: 1, stride: 3),
    Example("dilated", input: 2, output: 4, kernel: 3, stride: 2, pad: 1, dilation: 2),
    Example("groups", input: 6, output: 4, kernel: 3, stride: 1, pad: 1, groups: 2),
  ]

  /// Adds every input pixel times the kernel to the output pixels it reaches.
  private func scattered(
    _ g: ConvolutionTransposeGeometry, input: [UInt8], weights: [Int8], zeroPoint: Int32
  ) -> [Int32] {
    var sums = [Int32](repeating: 0, count: g.outputHeight * g.outputWidth * g.outputChannels)
    let columns = g.outputChannels / g.groups
    for pixel in 0..<g.inputHeight * g.inputWidth {
      for tap in 0..<g.kernelHeight * g.kernelWidth {
        let y =
          pixel / g.inputWidth * g.strideHeight + tap / g.kernelWidth * g.dilationHeight - g.padTop
        let x =
          pixel % g.inputWidth * g.strideWidth + tap % g.kernelWidth * g.dilationWidth - g.padLeft
        guard (0..<g.outputHeight).contains(y), (0..<g.outputWidth).contains(x) else { continue }
        for channel in 0..<g.inputChannels {
          let code = Int32(input[pixel * g.inputChannels + channel]) - zeroPoint
          let group = channel / (g.inputChannels / g.groups)
          for column in 0..<columns {
            let weight = weights[
              (channel * columns + column) * g.kernelHeight * g.kernelWidth + tap]
            let place = (y * g.outputWidth + x) * g.outputChannels + group * columns + column
            sums[place] += code * Int32(weight)
          }
        }
      }
    }
    return sums
  }

  @Test(arguments: examples)
  func everyKernelEqualsTheDefinition(_ example: Example) {
    let geometry = example.geometry
    let batch = 2
    let inputCount = geometry.inputHeight * geometry.inputWidth * geometry.inputChannels
    let input = Int8Values.random.codes(inputCount * batch, maximum: 255, seed: 1)
    let change = Requantization(
      multipliers: (0..<geometry.outputChannels).map { 0.002 + 0.0005 * Float($0) },
      biases: (0..<geometry.outputChannels).map { Int32(-500 + 300 * $0) }, inputZeroPoint: 50,
      outputZeroPoint: 120)
    for values in Int8Values.allCases {
      let weights = values.weights(geometry.weightCount, seed: 2)
      let expected = (0..<batch).flatMap { image in
        Int8Reference.requantized(
          scattered(
            geometry, input: Array(input[image * inputCount..<(image + 1) * inputCount]),
            weights: weights, zeroPoint: 50), change, channels: geometry.outputChannels)
      }
      for isa in InstructionSet.available {
        let convolution = ConvolutionTransposeInt8(
          geometry: geometry, weights: weights, requantization: change, isa: isa)
        let pool = ThreadPool(threads: 2)
        let source = GuardedBuffer(input)
        let output = GuardedBuffer<UInt8>(count: expected.count, repeating: 1)
        let scratch = GuardedBuffer<UInt8>(
          count: convolution.scratchByteCount(batch: batch, threads: 2), repeating: 255)
        defer { withExtendedLifetime((source, scratch)) {} }
        convolution.run(
          source.base, output.base, batch: batch, scratch: scratch.base, pool: pool)
        #expect(output.array == expected, "\(isa), \(values)")
      }
    }
  }
}
