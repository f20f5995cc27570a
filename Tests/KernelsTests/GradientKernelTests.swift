import CKernels
import Testing

@testable import Kernels

/// Kernels of gradients against the scalar reference and their definition, around the ends of
/// vectors, in memory that ends where the kernel has to stop.
@Suite struct GradientKernelTests {
  /// Sums of small integers are exact, in whatever order.
  private static func integers(_ count: Int, seed: Int) -> [Float] {
    (0..<count).map { Float(($0 * 7 + seed * 13 + $0 / 11) % 9 - 4) }
  }

  @Test(arguments: InstructionSet.available, [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 24])
  func outerSums(isa: InstructionSet, rows: Int) {
    for columns in [1, 3, 4, 5, 8, 12, 15, 16, 17, 31, 32, 33, 48, 49, 64, 70, 96, 115] {
      for (lines, count) in [(1, 1), (1, 5), (3, 4), (2, 0)] {
        let (leftStep, rightStep) = (rows + 2, columns + 1)
        let (leftLine, rightLine) = (leftStep * count + 3, rightStep * (count + 1))
        let pixels = max(count, 1)
        let left = Self.integers(
          (lines - 1) * leftLine + (pixels - 1) * leftStep + rows, seed: 1)
        let right = Self.integers(
          (lines - 1) * rightLine + (pixels - 1) * rightStep + columns, seed: 2)
        let stride = columns + 3
        let start = Self.integers((rows - 1) * stride + columns, seed: 3)
        let results = [InstructionSet.scalar, isa].map { isa in
          let (a, b) = (GuardedBuffer(left), GuardedBuffer(right))
          let to = GuardedBuffer(start)
          var sum = kern_outer_sum_f32(
            left: a.base, right: b.base, lines: lines, count: count, left_line: leftLine,
            left_step: leftStep, right_line: rightLine, right_step: rightStep, rows: rows,
            columns: columns, output: to.base, output_stride: stride)
          isa.gradientKernels.outer_sum(&sum)
          return to.array
        }
        #expect(results[0] == results[1], "\(rows) × \(columns), \(lines) lines of \(count)")
      }
    }
  }

  /// `kernel`, `stride`, `pad`, `dilation` along both axes.
  @Test(
    arguments: [(2, 2, 0, 1), (3, 2, 1, 1), (3, 1, 1, 2), (5, 3, 2, 1)], InstructionSet.available)
  func maximumPools(shape: (Int, Int, Int, Int), isa: InstructionSet) {
    let (kernel, stride, pad, dilation) = shape
    for channels in [1, 7, 16, 19, 33] {
      let g = ConvolutionGeometry(
        inputHeight: 11, inputWidth: 9, inputChannels: channels, outputChannels: channels,
        kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
        dilationHeight: dilation, dilationWidth: dilation, padTop: pad, padLeft: pad,
        padBottom: pad, padRight: pad, groups: channels)
      let batch = 2
      // Of few different values, so that many are equally large.
      let input = Self.integers(batch * g.inputCount, seed: 4)
      let gradient = Self.integers(batch * g.outputCount, seed: 5)
      var output = [Float](repeating: -.infinity, count: batch * g.outputCount)
      var expected = [Float](repeating: 0, count: batch * g.inputCount)
      for place in output.indices {
        let pixel = place / channels
        let (image, y, x) = (
          pixel / g.outputWidth / g.outputHeight, pixel / g.outputWidth % g.outputHeight,
          pixel % g.outputWidth
        )
        var largest: Int?
        for ky in 0..<kernel {
          for kx in 0..<kernel {
            let (row, column) = (
              y * stride + ky * dilation - pad, x * stride + kx * dilation - pad
            )
            guard (0..<11).contains(row), (0..<9).contains(column) else { continue }
            let from = ((image * 11 + row) * 9 + column) * channels + place % channels
            if input[from] > output[place] {
              output[place] = input[from]
              largest = from
            }
          }
        }
        if let largest { expected[largest] += gradient[place] }
      }
      let (x, y, dy) = (GuardedBuffer(input), GuardedBuffer(output), GuardedBuffer(gradient))
      let dx = GuardedBuffer<Float>(count: input.count, repeating: .nan)
      MaximumPoolGradient(geometry: g, isa: isa).run(
        input: x.base, output: y.base, outputGradient: dy.base, into: dx.base, batch: batch,
        pool: ThreadPool(threads: 2))
      #expect(dx.array == expected, "\(channels) channels")
    }
  }
}
