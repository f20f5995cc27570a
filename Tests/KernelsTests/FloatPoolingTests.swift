import Testing

@testable import Kernels

@Suite struct FloatPoolingTests {
  static func reference(
    _ kind: PoolingFloat.Kind, _ g: ConvolutionGeometry, _ input: [Float], uncounted: Int
  ) -> [Float] {
    var output: [Float] = []
    for y in 0..<g.outputHeight {
      for x in 0..<g.outputWidth {
        for c in 0..<g.inputChannels {
          var values: [Float] = []
          var places = 0
          for ky in 0..<g.kernelHeight {
            for kx in 0..<g.kernelWidth {
              let row = y * g.strideHeight + ky * g.dilationHeight - g.padTop
              let column = x * g.strideWidth + kx * g.dilationWidth - g.padLeft
              if row < g.inputHeight + g.padBottom - uncounted
                && column < g.inputWidth + g.padRight - uncounted
              {
                places += 1
              }
              if (0..<g.inputHeight).contains(row) && (0..<g.inputWidth).contains(column) {
                values.append(input[(row * g.inputWidth + column) * g.inputChannels + c])
              }
            }
          }
          switch kind {
          case .maximum: output.append(values.max() ?? -.infinity)
          case .average(let includesPad):
            let count = includesPad ? places : max(values.count, 1)
            output.append(values.reduce(0, +) / Float(count))
          }
        }
      }
    }
    return output
  }

  @Test(
    arguments: InstructionSet.available,
    [
      PoolingFloat.Kind.maximum, .average(includesPad: false), .average(includesPad: true),
    ])
  func windowsAreClippedAtTheBorder(isa: InstructionSet, kind: PoolingFloat.Kind) {
    for channels in [1, 7, 8, 9, 16, 19, 40] {
      for (kernel, stride, pad, dilation, extra) in [
        (1, 1, 0, 1, 0), (2, 2, 0, 1, 0), (3, 2, 1, 1, 0), (3, 2, 0, 1, 1), (3, 1, 2, 2, 0),
        (9, 1, 4, 1, 0), (4, 3, 3, 1, 0),
      ] {
        let geometry = ConvolutionGeometry(
          inputHeight: 7, inputWidth: 6, inputChannels: channels, outputChannels: channels,
          kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
          dilationHeight: dilation, dilationWidth: dilation, padTop: pad, padLeft: pad,
          padBottom: pad + extra, padRight: pad + extra, groups: channels)
        let input = testValues(geometry.inputCount)
        let pooling = PoolingFloat(
          kind: kind, geometry: geometry, uncountedBottom: extra, uncountedRight: extra, isa: isa)
        let from = GuardedBuffer(input + input)
        let to = GuardedBuffer<Float>(count: 2 * geometry.outputCount, repeating: .nan)
        pooling.run(from.base, into: to.base, batch: 2, pool: ThreadPool(threads: 2))
        let expected = Self.reference(kind, geometry, input, uncounted: extra)
        #expect(agree(to.array, expected + expected), "\(kind) \(geometry)")
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func notANumberIsTheLargestOfItsWindow(isa: InstructionSet) {
    let geometry = ConvolutionGeometry(
      inputHeight: 1, inputWidth: 4, inputChannels: 19, outputChannels: 19, kernelHeight: 1,
      kernelWidth: 2, groups: 19)
    for place in 0..<4 {
      var input = [Float](repeating: 1, count: geometry.inputCount)
      input[place * 19 + 18] = .nan
      var output = [Float](repeating: 0, count: geometry.outputCount)
      PoolingFloat(kind: .maximum, geometry: geometry, isa: isa).run(
        input, into: &output, batch: 1, pool: ThreadPool(threads: 1))
      let found = output.indices.filter { output[$0].isNaN }
      #expect(found == [place - 1, place].filter { (0..<3).contains($0) }.map { $0 * 19 + 18 })
    }
  }

  @Test(arguments: InstructionSet.available, [1, 7, 8, 9, 17, 300])
  func reductionsRunOverTheMiddle(isa: InstructionSet, inner: Int) {
    for middle in [1, 2, 3, 8, 49, 1_000] {
      let outer = 2
      let input = testValues(outer * middle * inner)
      let columns = (0..<outer * inner).map { index in
        (0..<middle).map { input[(index / inner * middle + $0) * inner + index % inner] }
      }
      let pool = ThreadPool(threads: 2)
      let from = GuardedBuffer(input)
      let to = GuardedBuffer<Float>(count: outer * inner, repeating: .nan)
      ReductionFloat.maximum(
        from.base, into: to.base, outer: outer, middle: middle, inner: inner, isa: isa, pool: pool)
      #expect(to.array == columns.map { $0.max() ?? 0 })
      ReductionFloat.minimum(
        from.base, into: to.base, outer: outer, middle: middle, inner: inner, isa: isa, pool: pool)
      #expect(to.array == columns.map { $0.min() ?? 0 })
      ReductionFloat.sum(
        from.base, into: to.base, outer: outer, middle: middle, inner: inner, isa: isa, pool: pool)
      #expect(agree(to.array, columns.map { $0.reduce(0, +) }))
      ReductionFloat.mean(
        from.base, into: to.base, outer: outer, middle: middle, inner: inner, isa: isa, pool: pool)
      #expect(agree(to.array, columns.map { $0.reduce(0, +) / Float(middle) }))
    }
  }

  @Test(arguments: InstructionSet.available, [1, 7, 8, 31, 32, 33, 100])
  func aNaNIsNeitherLostNorMadeUp(isa: InstructionSet, count: Int) {
    let pool = ThreadPool(threads: 1)
    for place in Set([0, count / 2, count - 1]) {
      var values = testValues(count)
      values[place] = .nan
      var result: Float = 0
      ReductionFloat.maximum(
        values, into: &result, outer: 1, middle: count, inner: 1, isa: isa, pool: pool)
      #expect(result.isNaN)
      ReductionFloat.minimum(
        values, into: &result, outer: 1, middle: count, inner: 1, isa: isa, pool: pool)
      #expect(result.isNaN)
    }
  }
}
