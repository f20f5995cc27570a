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

  @Test func foldedColumnsAreTheSameConvolution() throws {
    let geometry = ConvolutionTransposeGeometry(
      inputHeight: 3, inputWidth: 4, inputChannels: 5, outputChannels: 2, kernelHeight: 3,
      kernelWidth: 3, strideHeight: 2, strideWidth: 3, padTop: 1, outputPaddingHeight: 1)
    let folded = try #require(geometry.folded)
    #expect(folded.outputCount == geometry.outputCount && folded.outputWidth == 4)
    let input = testValues(2 * geometry.inputCount)
    let weights = testValues(geometry.weightCount, seed: 2)
    #expect(
      Self.reference(geometry, input, weights, [1, 2], batch: 2)
        == Self.reference(
          folded, input, geometry.folded(weights: weights), [1, 2, 1, 2, 1, 2], batch: 2))
  }

  @Test func columnsThatMeetAreNotFolded() {
    let geometry = ConvolutionTransposeGeometry(
      inputHeight: 3, inputWidth: 4, inputChannels: 4, outputChannels: 2, kernelHeight: 2,
      kernelWidth: 2, strideHeight: 2, strideWidth: 2)
    let changes: [(inout ConvolutionTransposeGeometry) -> Void] = [
      { $0.kernelWidth = 3 }, { $0.kernelWidth = 1 }, { $0.dilationWidth = 2 }, { $0.padLeft = 1 },
      { $0.padRight = 1 }, { $0.outputPaddingWidth = 1 }, { $0.groups = 2 },
      { ($0.kernelWidth, $0.strideWidth) = (1, 1) },
    ]
    #expect(geometry.folded != nil)
    for change in changes {
      var changed = geometry
      change(&changed)
      #expect(changed.folded == nil)
    }
  }

  @Test(arguments: InstructionSet.available, [1, 2])
  func activationsReachEveryPixelOnce(isa: InstructionSet, groups: Int) {
    let geometry = ConvolutionTransposeGeometry(
      inputHeight: 2, inputWidth: 5, inputChannels: 4, outputChannels: 2, kernelHeight: 3,
      kernelWidth: 3, strideHeight: 2, strideWidth: 2, groups: groups)
    let input = testValues(geometry.inputCount)
    let weights = testValues(geometry.weightCount, seed: 2)
    let sums = Self.reference(geometry, input, weights, [0.5, -0.5], batch: 1)
    let convolution = ConvolutionTransposeFloat(
      geometry: geometry, weights: weights, bias: [0.5, -0.5],
      activation: .leakyRelu(slope: -2), isa: isa)
    let output = GuardedBuffer<Float>(count: geometry.outputCount, repeating: .nan)
    withScratch(convolution.scratchByteCount(threads: 1)) { scratch in
      convolution.run(
        input, into: output.base, batch: 1, scratch: scratch, pool: ThreadPool(threads: 1))
    }
    #expect(agree(output.array, sums.map { $0 < 0 ? -2 * $0 : $0 }))
  }
}
