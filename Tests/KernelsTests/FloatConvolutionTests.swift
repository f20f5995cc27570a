import Testing

@testable import Kernels

/// Values that repeat from run to run, between -1 and 1.
func testValues(_ count: Int, seed: UInt64 = 1) -> [Float] {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  return (0..<count).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
  }
}

/// Whether both agree within `tolerance`, relative to the larger of 1 and the expected value.
func agree(_ actual: [Float], _ expected: [Float], tolerance: Float = 2e-5) -> Bool {
  actual.count == expected.count
    && zip(actual, expected).allSatisfy { a, e in
      a == e || abs(a - e) <= tolerance * max(1, abs(e)) || (a.isNaN && e.isNaN)
    }
}

/// Aligned memory for a call of `run`.
func withScratch(_ byteCount: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
  let memory = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
  memory.initializeMemory(as: UInt8.self, repeating: 0xFF, count: byteCount)
  body(memory)
  memory.deallocate()
}

@Suite struct FloatConvolutionTests {
  /// The definition, summed in double precision.
  static func reference(
    _ g: ConvolutionGeometry, _ input: [Float], _ weights: [Float], _ bias: [Float]?,
    _ addend: [Float]?, batch: Int
  ) -> [Float] {
    var output = [Float](repeating: 0, count: batch * g.outputCount)
    let perGroup = g.inputChannelsPerGroup
    for image in 0..<batch {
      for pixel in 0..<g.outputHeight * g.outputWidth {
        let (y, x) = (pixel / g.outputWidth, pixel % g.outputWidth)
        for o in 0..<g.outputChannels {
          var sum = Double(bias?[o] ?? 0)
          let firstChannel = o / g.outputChannelsPerGroup * perGroup
          for ky in 0..<g.kernelHeight {
            let row = y * g.strideHeight + ky * g.dilationHeight - g.padTop
            guard (0..<g.inputHeight).contains(row) else { continue }
            for kx in 0..<g.kernelWidth {
              let column = x * g.strideWidth + kx * g.dilationWidth - g.padLeft
              guard (0..<g.inputWidth).contains(column) else { continue }
              let from = ((image * g.inputHeight + row) * g.inputWidth + column) * g.inputChannels
              for c in 0..<perGroup {
                let weight = weights[
                  ((o * perGroup + c) * g.kernelHeight + ky) * g.kernelWidth + kx]
                sum += Double(input[from + firstChannel + c]) * Double(weight)
              }
            }
          }
          let index = (image * g.outputHeight * g.outputWidth + pixel) * g.outputChannels + o
          output[index] = Float(sum + Double(addend?[index] ?? 0))
        }
      }
    }
    return output
  }

  static func check(
    _ g: ConvolutionGeometry, isa: InstructionSet, batch: Int = 1, threads: Int = 1,
    usesAddend: Bool = false, activation: FloatActivation = .none,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let input = testValues(batch * g.inputCount)
    let weights = testValues(g.weightCount, seed: 2)
    let bias = testValues(g.outputChannels, seed: 3)
    let addend = usesAddend ? testValues(batch * g.outputCount, seed: 4) : nil
    var expected = reference(g, input, weights, bias, addend, batch: batch)
    let pool = ThreadPool(threads: threads)
    expected.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      activation.apply(base, into: base, count: buffer.count, isa: .scalar)
    }
    let convolution = ConvolutionFloat(
      geometry: g, weights: weights, bias: bias, activation: activation, isa: isa)
    for edge in [GuardedBuffer<Float>.Edge.end, .start] {
      let from = GuardedBuffer(input, flushWith: edge)
      let to = GuardedBuffer<Float>(
        count: batch * g.outputCount, flushWith: edge, repeating: .nan)
      let more = addend.map { GuardedBuffer($0, flushWith: edge) }
      withScratch(convolution.scratchByteCount(threads: threads)) { scratch in
        convolution.run(
          from.base, addend: more.map { UnsafePointer($0.base) }, into: to.base, batch: batch,
          scratch: scratch, pool: pool)
      }
      #expect(
        agree(to.array, expected), "\(g) on \(isa), \(threads) threads",
        sourceLocation: sourceLocation)
    }
  }

  @Test(
    arguments: InstructionSet.available,
    [(1, 1), (3, 5), (8, 8), (9, 7), (16, 16), (17, 15), (24, 40), (33, 31), (64, 24)])
  func pointwiseIsAMatrixProduct(isa: InstructionSet, channels: (Int, Int)) {
    for (height, width) in [(1, 1), (1, 6), (5, 5), (7, 7)] {
      Self.check(
        ConvolutionGeometry(
          inputHeight: height, inputWidth: width, inputChannels: channels.0,
          outputChannels: channels.1, kernelHeight: 1, kernelWidth: 1),
        isa: isa, batch: 2)
    }
  }

  @Test(
    arguments: InstructionSet.available,
    [(1, 8), (2, 3), (3, 16), (3, 17), (4, 33), (7, 9), (16, 8), (24, 17)])
  func windowsCoverTheImageAndItsBorder(isa: InstructionSet, channels: (Int, Int)) {
    for kernel in [(1, 3), (3, 3), (3, 2), (5, 5)] {
      for stride in [1, 2, 3] {
        Self.check(
          ConvolutionGeometry(
            inputHeight: 9, inputWidth: 7, inputChannels: channels.0, outputChannels: channels.1,
            kernelHeight: kernel.0, kernelWidth: kernel.1, strideHeight: stride,
            strideWidth: stride, padTop: 1, padLeft: 2, padBottom: 2, padRight: 1),
          isa: isa)
      }
    }
  }

  @Test(arguments: InstructionSet.available, [1, 2, 7, 8, 9, 15, 16, 17, 24, 33, 48])
  func channelsMayStayApart(isa: InstructionSet, channels: Int) {
    for (kernel, stride, dilation) in [
      (1, 1, 1), (3, 1, 1), (3, 2, 1), (5, 1, 1), (5, 2, 1), (3, 1, 2), (4, 3, 1),
    ] {
      for width in [1, 4, 7, 14] {
        let pad = kernel / 2 * dilation
        Self.check(
          ConvolutionGeometry(
            inputHeight: 5, inputWidth: width, inputChannels: channels, outputChannels: channels,
            kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
            dilationHeight: dilation, dilationWidth: dilation, padTop: pad, padLeft: pad,
            padBottom: pad, padRight: pad, groups: channels),
          isa: isa)
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func groupsMixOnlyTheirOwnChannels(isa: InstructionSet) {
    for (input, output, groups) in [(4, 6, 2), (32, 32, 2), (6, 12, 6), (24, 27, 3)] {
      for kernel in [1, 3] {
        Self.check(
          ConvolutionGeometry(
            inputHeight: 6, inputWidth: 5, inputChannels: input, outputChannels: output,
            kernelHeight: kernel, kernelWidth: kernel, padTop: kernel / 2, padLeft: kernel / 2,
            padBottom: kernel / 2, padRight: kernel / 2, groups: groups),
          isa: isa, batch: 2, threads: 2, activation: .sigmoid)
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func dilatedTapsLieApart(isa: InstructionSet) {
    for channels in [3, 20] {
      Self.check(
        ConvolutionGeometry(
          inputHeight: 11, inputWidth: 10, inputChannels: channels, outputChannels: 5,
          kernelHeight: 3, kernelWidth: 3, strideHeight: 2, dilationHeight: 2, dilationWidth: 3,
          padTop: 2, padLeft: 3, padBottom: 2, padRight: 3),
        isa: isa)
    }
  }

  @Test(
    arguments: InstructionSet.available,
    [FloatActivation.none, .relu, .relu6, .hardSwish, .silu, .leakyRelu(slope: 0.1)])
  func addendAndActivationComeLast(isa: InstructionSet, activation: FloatActivation) {
    for (input, output, groups, kernel) in [
      (8, 19, 1, 1), (8, 19, 1, 3), (19, 19, 19, 3), (8, 20, 2, 3),
    ] {
      for threads in [1, 3] {
        Self.check(
          ConvolutionGeometry(
            inputHeight: 7, inputWidth: 7, inputChannels: input, outputChannels: output,
            kernelHeight: kernel, kernelWidth: kernel, padTop: kernel / 2, padLeft: kernel / 2,
            padBottom: kernel / 2, padRight: kernel / 2, groups: groups),
          isa: isa, batch: 2, threads: threads, usesAddend: true, activation: activation)
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func largeLayersAreCutIntoBlocks(isa: InstructionSet) {
    for (size, input, output, kernel, stride) in [
      (40, 16, 24, 1, 1), (7, 600, 48, 1, 1), (30, 3, 32, 3, 2), (12, 40, 72, 3, 1),
    ] {
      for threads in [1, 2] {
        Self.check(
          ConvolutionGeometry(
            inputHeight: size, inputWidth: size, inputChannels: input, outputChannels: output,
            kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
            padTop: kernel / 2, padLeft: kernel / 2, padBottom: kernel / 2, padRight: kernel / 2),
          isa: isa, batch: 2, threads: threads)
      }
    }
  }

  @Test(arguments: InstructionSet.available, [(32, 48), (33, 47), (44, 76), (70, 33)])
  func tilesCoverTheImageAndItsBorder(isa: InstructionSet, channels: (Int, Int)) {
    for (height, width, pads) in [
      (10, 10, [1, 1, 1, 1]), (9, 11, [1, 2, 2, 1]), (13, 12, [0, 0, 0, 0]),
    ] {
      let geometry = ConvolutionGeometry(
        inputHeight: height, inputWidth: width, inputChannels: channels.0,
        outputChannels: channels.1, kernelHeight: 3, kernelWidth: 3, padTop: pads[0],
        padLeft: pads[1], padBottom: pads[2], padRight: pads[3])
      #expect(Self.kernelName(geometry, isa: isa).contains("winograd"))
      Self.check(geometry, isa: isa)
      for activation in [FloatActivation.relu6, .silu, .hardSwish] {
        Self.check(
          geometry, isa: isa, batch: 3, threads: 2, usesAddend: true, activation: activation)
      }
    }
  }

  static func kernelName(_ geometry: ConvolutionGeometry, isa: InstructionSet) -> String {
    ConvolutionFloat(
      geometry: geometry, weights: testValues(geometry.weightCount), isa: isa
    ).kernelName
  }

  /// Many blocks of tiles, cut for one thread and for two.
  @Test(arguments: InstructionSet.available)
  func manyTilesAreCutIntoBlocks(isa: InstructionSet) {
    for threads in [1, 2] {
      Self.check(
        ConvolutionGeometry(
          inputHeight: 36, inputWidth: 30, inputChannels: 64, outputChannels: 40, kernelHeight: 3,
          kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1),
        isa: isa, batch: 2, threads: threads)
    }
  }

  @Test(arguments: InstructionSet.available)
  func kernelThatDoesNotFitGivesNothing(isa: InstructionSet) {
    let geometry = ConvolutionGeometry(
      inputHeight: 2, inputWidth: 2, inputChannels: 4, outputChannels: 4, kernelHeight: 3,
      kernelWidth: 3)
    #expect(geometry.outputCount == 0)
    Self.check(geometry, isa: isa)
  }

  @Test(arguments: InstructionSet.available)
  func notANumberSurvivesTheClamp(isa: InstructionSet) {
    let convolution = ConvolutionFloat(
      geometry: ConvolutionGeometry(
        inputHeight: 1, inputWidth: 1, inputChannels: 1, outputChannels: 16, kernelHeight: 1,
        kernelWidth: 1),
      weights: Array(repeating: 1, count: 16), activation: .relu6, isa: isa)
    let output = GuardedBuffer<Float>(count: 16, repeating: 0)
    withScratch(convolution.scratchByteCount(threads: 1)) { scratch in
      convolution.run(
        [Float.nan], into: output.base, batch: 1, scratch: scratch, pool: ThreadPool(threads: 1))
    }
    #expect(output.array.allSatisfy { $0.isNaN })
  }
}
