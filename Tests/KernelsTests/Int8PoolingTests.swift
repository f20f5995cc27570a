import Kernels
import Testing

@Suite struct Int8PoolingTests {
  struct Example: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let window: PoolingWindow

    init(
      _ name: String, channels: Int, height: Int = 7, width: Int = 6, kernel: Int, stride: Int,
      pad: Int = 0, padAfter: Int? = nil, dilation: Int = 1, output: (Int, Int)? = nil
    ) {
      testDescription = name
      window = PoolingWindow(
        geometry: ConvolutionGeometry(
          inputHeight: height, inputWidth: width, inputChannels: channels,
          outputChannels: channels, kernelHeight: kernel, kernelWidth: kernel,
          strideHeight: stride, strideWidth: stride, dilationHeight: dilation,
          dilationWidth: dilation, padTop: pad, padLeft: pad, padBottom: padAfter ?? pad,
          padRight: padAfter ?? pad, groups: channels),
        outputHeight: output?.0, outputWidth: output?.1)
    }
  }

  static let examples = [
    Example("2x2", channels: 5, kernel: 2, stride: 2),
    Example("padded 3x3", channels: 33, kernel: 3, stride: 2, pad: 1),
    Example("uneven pads", channels: 16, kernel: 3, stride: 1, pad: 0, padAfter: 2),
    Example("dilated", channels: 8, kernel: 3, stride: 1, pad: 2, dilation: 2),
    Example("hanging over the end", channels: 40, kernel: 2, stride: 2, output: (4, 3)),
    Example("many channels", channels: 130, width: 9, kernel: 3, stride: 1, pad: 1),
    Example("wider than the image", channels: 3, width: 2, kernel: 5, stride: 1, pad: 2),
    Example("padding wider than a step", channels: 1, kernel: 4, stride: 3, pad: 3),
  ]

  /// The codes in each window and how many places image and padding have there.
  private func windows(_ window: PoolingWindow, _ input: [UInt8], batch: Int) -> [(
    codes: [UInt8], places: Int
  )] {
    let g = window.geometry
    var all: [(codes: [UInt8], places: Int)] = []
    for place in 0..<batch * window.outputHeight * window.outputWidth {
      let image = place / (window.outputHeight * window.outputWidth)
      let row = place / window.outputWidth % window.outputHeight
      let column = place % window.outputWidth
      for channel in 0..<g.inputChannels {
        var codes: [UInt8] = []
        var places = 0
        for tap in 0..<g.kernelHeight * g.kernelWidth {
          let y = row * g.strideHeight - g.padTop + tap / g.kernelWidth * g.dilationHeight
          let x = column * g.strideWidth - g.padLeft + tap % g.kernelWidth * g.dilationWidth
          if y < g.inputHeight + g.padBottom && x < g.inputWidth + g.padRight { places += 1 }
          guard (0..<g.inputHeight).contains(y), (0..<g.inputWidth).contains(x) else { continue }
          let pixel = (image * g.inputHeight + y) * g.inputWidth + x
          codes.append(input[pixel * g.inputChannels + channel])
        }
        all.append((codes, places))
      }
    }
    return all
  }

  @Test(arguments: examples)
  func poolsFollowTheirDefinition(_ example: Example) {
    let batch = 2
    let pool = ThreadPool(threads: 2)
    let input = Int8Values.random.codes(
      example.window.geometry.inputCount * batch, maximum: 255, seed: 3)
    let windows = windows(example.window, input, batch: batch)
    let average = AverageInt8(inputZeroPoint: 90, multiplier: 1.37, outputZeroPoint: 110)
    for isa in InstructionSet.available {
      let kernels = Int8Kernels(isa: isa)
      let source = GuardedBuffer(input)
      defer { withExtendedLifetime(source) {} }
      let output = GuardedBuffer<UInt8>(count: windows.count, repeating: 7)
      kernels.maxPool(example.window, source.base, output.base, batch: batch, pool: pool)
      #expect(output.array == windows.map { $0.codes.max() ?? 0 }, "\(isa)")
      for includesPadding in [false, true] {
        kernels.averagePool(
          example.window, includesPadding: includesPadding, average, source.base, output.base,
          batch: batch, pool: pool)
        let expected = windows.map { window in
          mean(window.codes, of: includesPadding ? window.places : window.codes.count, average)
        }
        #expect(output.array == expected, "\(isa), padding: \(includesPadding)")
      }
    }
  }

  private func mean(_ codes: [UInt8], of count: Int, _ average: AverageInt8) -> UInt8 {
    let sum = codes.reduce(Int32(0)) { $0 + Int32($1) - Int32(average.inputZeroPoint) }
    let real = Float(sum) * (average.multiplier / Float(max(count, 1)))
    let code = Int32(real.rounded(.toNearestOrEven)) + Int32(average.outputZeroPoint)
    return UInt8(min(max(code, 0), 255))
  }

  @Test(arguments: [1, 49, 257, 600], [1, 8, 16, 35])
  func globalAverageCoversAllPixels(pixels: Int, channels: Int) {
    let input = Int8Values.extremes.codes(2 * pixels * channels, maximum: 255, seed: 4)
    let average = AverageInt8(inputZeroPoint: 12, multiplier: 0.9, outputZeroPoint: 5)
    let expected = (0..<2 * channels).map { place in
      let first = place / channels * pixels
      let codes = (0..<pixels).map { input[(first + $0) * channels + place % channels] }
      return mean(codes, of: pixels, average)
    }
    for isa in InstructionSet.available {
      let source = GuardedBuffer(input)
      defer { withExtendedLifetime(source) {} }
      let output = GuardedBuffer<UInt8>(count: expected.count, repeating: 7)
      Int8Kernels(isa: isa).globalAveragePool(
        average, source.base, output.base, batch: 2, pixels: pixels, channels: channels,
        pool: ThreadPool(threads: 2))
      #expect(output.array == expected, "\(isa)")
    }
  }
}
