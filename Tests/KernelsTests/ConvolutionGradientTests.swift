import Testing

@testable import Kernels

/// Gradients of convolutions against their definition, around the edges of tiles and blocks.
@Suite struct ConvolutionGradientTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let geometry: ConvolutionGeometry
    let batch: Int
    var testDescription: String { "\(batch) of \(geometry)" }
  }

  static let cases: [Case] = [
    // Pixels beyond one block of depth; channels around panels of 8, 16 and 32.
    Case(geometry: square(20, 7, 9, kernel: 1), batch: 2),
    Case(geometry: square(17, 33, 31, kernel: 1), batch: 1),
    Case(geometry: square(9, 64, 8, kernel: 1), batch: 3),
    Case(geometry: square(18, 3, 16, kernel: 3, pad: 1), batch: 2),
    Case(geometry: square(28, 1, 16, kernel: 3, pad: 1), batch: 2),
    Case(geometry: square(14, 16, 32, kernel: 3, pad: 1), batch: 3),
    Case(geometry: square(3, 16, 16, kernel: 5, pad: 2), batch: 2),
    Case(geometry: square(5, 8, 16, kernel: 3, pad: 4), batch: 1),
    Case(geometry: square(19, 17, 13, kernel: 3, pad: 1, stride: 2), batch: 1),
    Case(geometry: square(8, 40, 5, kernel: 2), batch: 2),
    Case(geometry: square(10, 4, 6, kernel: 3, pad: 2, dilation: 2), batch: 1),
    Case(geometry: square(7, 6, 9, kernel: 1, stride: 3), batch: 2),
    Case(geometry: square(6, 12, 8, kernel: 3, pad: 1, groups: 4), batch: 2),
    Case(geometry: square(12, 8, 8, kernel: 3, pad: 1, groups: 8), batch: 2),
    Case(geometry: square(13, 19, 19, kernel: 5, pad: 2, stride: 2, groups: 19), batch: 1),
    Case(geometry: square(9, 24, 24, kernel: 3, stride: 3, groups: 24), batch: 2),
    Case(geometry: square(6, 9, 9, kernel: 3, pad: 3, groups: 9), batch: 1),
    Case(geometry: square(80, 16, 16, kernel: 7, pad: 3, groups: 16), batch: 1),
  ]

  private static func square(
    _ side: Int, _ inputs: Int, _ outputs: Int, kernel: Int, pad: Int = 0, stride: Int = 1,
    dilation: Int = 1, groups: Int = 1
  ) -> ConvolutionGeometry {
    ConvolutionGeometry(
      inputHeight: side, inputWidth: side + 1, inputChannels: inputs, outputChannels: outputs,
      kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
      dilationHeight: dilation, dilationWidth: dilation, padTop: pad, padLeft: pad,
      padBottom: pad, padRight: pad, groups: groups)
  }

  /// Every product of the definition, as the places of its input, weight and output.
  private static func each(
    _ g: ConvolutionGeometry, batch: Int,
    _ body: (_ input: Int, _ weight: Int, _ output: Int) -> Void
  ) {
    for image in 0..<batch {
      for y in 0..<g.outputHeight {
        for x in 0..<g.outputWidth {
          for ky in 0..<g.kernelHeight {
            let row = y * g.strideHeight + ky * g.dilationHeight - g.padTop
            guard (0..<g.inputHeight).contains(row) else { continue }
            for kx in 0..<g.kernelWidth {
              let column = x * g.strideWidth + kx * g.dilationWidth - g.padLeft
              guard (0..<g.inputWidth).contains(column) else { continue }
              let pixel = (image * g.inputHeight + row) * g.inputWidth + column
              let place = (image * g.outputHeight + y) * g.outputWidth + x
              for o in 0..<g.outputChannels {
                let first = o / g.outputChannelsPerGroup * g.inputChannelsPerGroup
                for c in 0..<g.inputChannelsPerGroup {
                  body(
                    pixel * g.inputChannels + first + c,
                    ((o * g.inputChannelsPerGroup + c) * g.kernelHeight + ky) * g.kernelWidth + kx,
                    place * g.outputChannels + o)
                }
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: cases, InstructionSet.available)
  func ofWeights(test: Case, isa: InstructionSet) {
    let g = test.geometry
    let input = testValues(test.batch * g.inputCount)
    let gradient = testValues(test.batch * g.outputCount, seed: 5)
    var sums = [Double](repeating: 0, count: g.weightCount)
    Self.each(g, batch: test.batch) { x, w, y in sums[w] += Double(input[x]) * Double(gradient[y]) }
    let kernel = ConvolutionWeightGradient(geometry: g, isa: isa)
    for threads in 1...3 {
      let pool = ThreadPool(threads: threads)
      let (from, given) = (GuardedBuffer(input), GuardedBuffer(gradient))
      let to = GuardedBuffer<Float>(count: g.weightCount, repeating: .nan)
      withScratch(kernel.scratchByteCount(threads: threads)) { scratch in
        kernel.run(
          input: from.base, outputGradient: given.base, into: to.base, batch: test.batch,
          scratch: scratch, pool: pool)
      }
      #expect(agree(to.array, sums.map { Float($0) }, tolerance: 1e-4), "\(threads) threads")
    }
  }

  @Test(arguments: cases, InstructionSet.available)
  func ofInput(test: Case, isa: InstructionSet) {
    let g = test.geometry
    let weights = testValues(g.weightCount)
    let gradient = testValues(test.batch * g.outputCount, seed: 5)
    var sums = [Double](repeating: 0, count: test.batch * g.inputCount)
    Self.each(g, batch: test.batch) { x, w, y in
      sums[x] += Double(weights[w]) * Double(gradient[y])
    }
    let kernel = ConvolutionDataGradient(geometry: g, batch: test.batch, isa: isa)
    for threads in 1...2 {
      let (given, factors) = (GuardedBuffer(gradient), GuardedBuffer(weights))
      let to = GuardedBuffer<Float>(count: test.batch * g.inputCount, repeating: .nan)
      withScratch(kernel.scratchByteCount(threads: threads)) { scratch in
        kernel.run(
          outputGradient: given.base, weights: factors.base, into: to.base, scratch: scratch,
          pool: ThreadPool(threads: threads))
      }
      #expect(agree(to.array, sums.map { Float($0) }), "\(threads) threads")
    }
  }

  @Test(arguments: InstructionSet.available, [1, 31, 256, 257, 700])
  func ofMatrices(isa: InstructionSet, rows: Int) {
    for (depth, columns) in [(1, 1), (9, 33), (16, 8), (40, 65), (3, 160), (240, 40)] {
      let left = testValues(rows * depth)
      let right = testValues(rows * columns, seed: 3)
      var sums = [Double](repeating: 0, count: depth * columns)
      for row in 0..<rows {
        for k in 0..<depth {
          for n in 0..<columns {
            sums[k * columns + n] +=
              Double(left[row * depth + k]) * Double(right[row * columns + n])
          }
        }
      }
      let kernel = MatMulWeightGradient(depth: depth, columns: columns, isa: isa)
      let (a, b) = (GuardedBuffer(left), GuardedBuffer(right))
      let to = GuardedBuffer<Float>(count: depth * columns, repeating: .nan)
      withScratch(kernel.scratchByteCount(threads: 2)) { scratch in
        kernel.run(
          a.base, b.base, into: to.base, rows: rows, scratch: scratch,
          pool: ThreadPool(threads: 2))
      }
      #expect(agree(to.array, sums.map { Float($0) }, tolerance: 1e-4), "\(depth) × \(columns)")
    }
  }
}
