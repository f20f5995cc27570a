import Kernels
import Testing

/// Products and convolutions of codes with zero points that are known at run time only.
@Suite struct Int8DynamicTests {
  /// Weights and zero points whose difference fits int8, and those whose difference does not.
  static func weights(_ count: Int, isSigned: Bool, seed: UInt64) -> [Int16] {
    Int8Values.random.weights(count, seed: seed).map { Int16($0) + (isSigned ? 0 : 128) }
  }

  static let zeroPoints: [(isSigned: Bool, all: [Int16])] = [
    (true, [0]), (true, [-3]), (false, [128]), (false, [0]), (false, [255]),
  ]

  @Test(arguments: Int8GEMMTests.sizes, zeroPoints.indices)
  func everyProductEqualsTheDefinition(_ size: Int8GEMMTests.Sizes, _ choice: Int) {
    let (isSigned, one) = Self.zeroPoints[choice]
    let a = Int8Values.random.codes(size.rows * size.depth, maximum: 255, seed: 3)
    let b = Self.weights(size.depth * size.columns, isSigned: isSigned, seed: 4)
    let several = (0..<size.columns).map { one[0] + Int16($0 % 2) * (one[0] > 200 ? -1 : 1) }
    for points in [one, several] {
      var sums: [Int32] = []
      for row in 0..<size.rows {
        for column in 0..<size.columns {
          sums.append(
            (0..<size.depth).reduce(0) {
              $0 + (Int32(a[row * size.depth + $1]) - 77)
                * Int32(b[$1 * size.columns + column] - points[points.count == 1 ? 0 : column])
            })
        }
      }
      for isa in InstructionSet.available {
        for threads in [1, 2] {
          let product = OffsetProductInt8(
            depth: size.depth, columns: size.columns, weights: b, zeroPoints: points,
            transposed: false, isa: isa)
          for hasSlack in [false, true] {
            let left = GuardedBuffer(a + [UInt8](repeating: 201, count: hasSlack ? 3 : 0))
            let output = GuardedBuffer<Int32>(count: sums.count, repeating: 9)
            let scratch = GuardedBuffer<UInt8>(
              count: product.scratchByteCount(rows: size.rows, threads: threads),
              flushWith: .start, repeating: 255)
            product.run(
              left.base, zeroPoint: 77, output.base, rows: size.rows, hasSlack: hasSlack,
              scratch: scratch.base, pool: ThreadPool(threads: threads))
            withExtendedLifetime((left, scratch)) {}
            #expect(output.array == sums, "\(isa), \(points.count) zero points, slack: \(hasSlack)")
          }
        }
      }
    }
  }

  @Test(arguments: Int8GEMMTests.sizes, [false, true])
  func sumsAreMadeRealAndAddedTo(_ size: Int8GEMMTests.Sizes, isInPlace: Bool) {
    let a = Int8Values.random.codes(size.rows * size.depth, maximum: 255, seed: 3)
    let b = Int8Values.random.weights(size.depth * size.columns, seed: 4)
    let scales = (0..<size.columns).map { Float($0 % 7 + 1) / 64 }
    let bias = (0..<size.columns).map { Float($0) / 8 - 3 }
    let addend = (0..<(size.rows * size.columns)).map { Float($0 % 97) / 16 }
    var expected: [Float] = []
    for row in 0..<size.rows {
      for column in 0..<size.columns {
        let sum = (0..<size.depth).reduce(Int32(0)) {
          $0 + (Int32(a[row * size.depth + $1]) - 77) * Int32(b[$1 * size.columns + column])
        }
        expected.append(
          Float(sum) * (0.5 * scales[column]) + bias[column]
            + addend[row * size.columns + column])
      }
    }
    for isa in InstructionSet.available {
      let product = GEMMInt8(
        depth: size.depth, columns: size.columns, weights: b, transposed: false,
        requantization: Requantization(multipliers: [1], inputZeroPoint: 77, outputZeroPoint: 0),
        isa: isa)
      let scaling = AccumulatorScaling(
        columns: size.columns, scales: scales, bias: bias, isa: isa)
      for threads in [1, 2] {
        let (left, added) = (GuardedBuffer(a), GuardedBuffer(addend))
        let other = GuardedBuffer<Float>(count: expected.count, repeating: .nan)
        let output = isInPlace ? added : other
        let scratch = GuardedBuffer<UInt8>(
          count: product.scratchByteCount(rows: size.rows, threads: threads), flushWith: .start,
          repeating: 255)
        product.runReals(
          left.base, zeroPoint: 77, factor: 0.5, scaling: scaling, addend: added.base,
          output.base, rows: size.rows, scratch: scratch.base,
          pool: ThreadPool(threads: threads))
        withExtendedLifetime((left, added, scratch)) {}
        #expect(output.array == expected, "\(isa)")
      }
    }
  }

  static let geometries = [
    ConvolutionGeometry(
      inputHeight: 5, inputWidth: 6, inputChannels: 3, outputChannels: 17, kernelHeight: 3,
      kernelWidth: 2, strideWidth: 2, padTop: 1, padRight: 1),
    ConvolutionGeometry(
      inputHeight: 1, inputWidth: 9, inputChannels: 4, outputChannels: 6, kernelHeight: 1,
      kernelWidth: 3, dilationWidth: 2, padLeft: 2, groups: 2),
    ConvolutionGeometry(
      inputHeight: 4, inputWidth: 4, inputChannels: 5, outputChannels: 5, kernelHeight: 3,
      kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1, groups: 5),
  ]

  @Test(arguments: geometries, zeroPoints.indices)
  func everyConvolutionEqualsTheDefinition(_ geometry: ConvolutionGeometry, _ choice: Int) {
    let (isSigned, one) = Self.zeroPoints[choice]
    let input = Int8Values.random.codes(2 * geometry.inputCount, maximum: 255, seed: 5)
    let weights = Self.weights(geometry.weightCount, isSigned: isSigned, seed: 6)
    let several = (0..<geometry.outputChannels).map {
      one[0] + Int16($0 % 3) * (one[0] > 200 ? -1 : 1)
    }
    for points in [one, several] {
      let depth = geometry.weightCount / geometry.outputChannels
      let expected = Int8Reference.accumulators(
        geometry, input: input,
        weights: weights.indices.map { weights[$0] - points[points.count == 1 ? 0 : $0 / depth] },
        zeroPoint: 90, batch: 2)
      for isa in InstructionSet.available {
        let convolution = OffsetConvolutionInt8(
          geometry: geometry, weights: weights, zeroPoints: points, isa: isa)
        let source = GuardedBuffer(input)
        let output = GuardedBuffer<Int32>(count: expected.count, repeating: 9)
        let scratch = GuardedBuffer<UInt8>(
          count: convolution.scratchByteCount(batch: 2, threads: 2), flushWith: .start,
          repeating: 255)
        convolution.run(
          source.base, zeroPoint: 90, output.base, batch: 2, scratch: scratch.base,
          pool: ThreadPool(threads: 2))
        withExtendedLifetime((source, scratch)) {}
        #expect(output.array == expected, "\(isa), \(points.count) zero points")
      }
    }
  }

  @Test(arguments: Int8GEMMTests.sizes, [DynamicQuantization.onnx, .reduced])
  func instructionSetsMakeTheSameReals(
    _ size: Int8GEMMTests.Sizes, _ quantization: DynamicQuantization
  ) {
    let input = testValues(size.rows * size.depth, seed: 7)
    let weights = Self.weights(size.depth * size.columns, isSigned: true, seed: 8)
    let scales = testValues(size.columns, seed: 9).map { abs($0) / 100 }
    var results: [[Float]] = []
    for isa in InstructionSet.available {
      let product = DynamicProductInt8(
        OffsetProductInt8(
          depth: size.depth, columns: size.columns, weights: weights, zeroPoints: [0],
          transposed: true, isa: isa),
        scaling: AccumulatorScaling(
          columns: size.columns, scales: scales, bias: testValues(size.columns, seed: 10),
          isa: isa), quantization: quantization, isa: isa)
      let source = GuardedBuffer(input)
      let output = GuardedBuffer<Float>(count: size.rows * size.columns, repeating: .nan)
      let scratch = GuardedBuffer<UInt8>(
        count: product.scratchByteCount(rows: size.rows, threads: 1), flushWith: .start,
        repeating: 255)
      product.run(
        source.base, into: output.base, rows: size.rows, scratch: scratch.base,
        pool: ThreadPool(threads: 1))
      withExtendedLifetime((source, scratch)) {}
      results.append(output.array)
    }
    #expect(Set(results).count == 1, "instruction sets differ")
    #expect(results[0].count { !$0.isFinite } == 0)
  }

  /// With zero points that weights take in, and with one that is added to integers.
  @Test(arguments: Int8GEMMTests.sizes, zeroPoints.indices)
  func anAddendIsAddedBeforeTheFunction(_ size: Int8GEMMTests.Sizes, _ choice: Int) {
    let (isSigned, zeroPoints) = Self.zeroPoints[choice]
    let count = size.rows * size.columns
    let input = testValues(size.rows * size.depth, seed: 7)
    let addend = testValues(count, seed: 11)
    let weights = Self.weights(size.depth * size.columns, isSigned: isSigned, seed: 8)
    for isa in InstructionSet.available {
      let product = DynamicProductInt8(
        OffsetProductInt8(
          depth: size.depth, columns: size.columns, weights: weights, zeroPoints: zeroPoints,
          transposed: false, isa: isa),
        scaling: AccumulatorScaling(
          columns: size.columns, scales: [0.01], bias: testValues(size.columns, seed: 10),
          isa: isa), isa: isa)
      func run(adding isInPlace: Bool?) -> [Float] {
        let (source, added) = (GuardedBuffer(input), GuardedBuffer(addend))
        let other = GuardedBuffer<Float>(count: count, repeating: .nan)
        let output = isInPlace == true ? added : other
        let scratch = GuardedBuffer<UInt8>(
          count: product.scratchByteCount(rows: size.rows, threads: 2), flushWith: .start,
          repeating: 255)
        product.run(
          source.base, addend: isInPlace.map { _ in UnsafePointer(added.base) },
          into: output.base, rows: size.rows, activation: isInPlace == nil ? .none : .relu,
          scratch: scratch.base, pool: ThreadPool(threads: 2))
        withExtendedLifetime((source, added, scratch)) {}
        return output.array
      }
      let expected = zip(run(adding: nil), addend).map { max($0 + $1, 0) }
      for isInPlace in product.addsInPlace ? [false, true] : [false] {
        #expect(run(adding: isInPlace) == expected, "\(isa), in place: \(isInPlace)")
      }
    }
  }

  /// Recorded from ONNX Runtime 1.32's DynamicQuantizeLinear and from PyTorch 2.13's `choose_qparams`
  /// with `reduce_range`.
  @Test(arguments: [
    (DynamicQuantization.onnx, Float(-1), Float(1.5), Float(0.00980392), UInt8(102)),
    (.onnx, 0.5, 2, 0.00784314, 0), (.onnx, -2, -0.5, 0.00784314, 255), (.onnx, 0, 0, 1, 0),
    (.reduced, -2.6375222, 2.4265497, 0.039874583, 66),
    (.reduced, -34.677303, 20.822142, 0.43700350, 79),
    (.reduced, 2.0489633, 4.960504, 0.039059088, 0),
    (.reduced, -4.8862495, -1.9517713, 0.038474407, 127), (.reduced, 0, 0, 0.1, 0),
    (.reduced, -0.20473534, 10, 0.080352247, 3),
  ])
  func parametersAreThoseOfTheirSource(
    quantization: DynamicQuantization, low: Float, high: Float, scale: Float, zeroPoint: UInt8
  ) {
    let found = quantization.parameters(min: low, max: high)
    #expect(abs(found.scale - scale) <= scale * 1e-6)
    #expect(found.zeroPoint == zeroPoint)
  }

  @Test(arguments: [(Float(0), Float(1e-6), UInt8(0)), (-1e-6, 0, 127), (-1e-6, 1e-6, 64)])
  func tinyRangesGetTheLeastScale(low: Float, high: Float, zeroPoint: UInt8) {
    let found = DynamicQuantization.reduced.parameters(min: low, max: high)
    #expect(found == DynamicQuantization.Parameters(scale: 6.1e-5, zeroPoint: zeroPoint))
  }

  @Test func nothingButInfinityHasParametersToo() {
    let found = DynamicQuantization.onnx.parameters(min: .infinity, max: -.infinity)
    #expect(found == DynamicQuantization.Parameters(scale: 1, zeroPoint: 0))
  }
}
