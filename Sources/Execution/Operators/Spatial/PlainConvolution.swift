internal import Kernels
internal import Tensors

/// Convolution and its transpose over any number of axes, in float32 or float64, with weights that
/// may be computed. Row by row, so that the inner loop runs over neighbours.
struct PlainConvolution {
  /// Over the input of a convolution, or the output of a transposed one.
  let window: SlidingWindow
  let batch: Int
  let inputChannels: Int
  let outputChannels: Int
  let groups: Int
  var isTransposed = false

  private var inputsPerGroup: Int { inputChannels / groups }
  private var outputsPerGroup: Int { outputChannels / groups }

  var multiplyAccumulates: Int {
    batch * outputChannels * inputsPerGroup * window.tapCount * window.positions.elementCount
  }

  func run<Real: RealElement>(
    _ input: UnsafePointer<Real>, _ weights: UnsafePointer<Real>, bias: UnsafePointer<Real>?,
    into output: UnsafeMutablePointer<Real>, pool: ThreadPool
  ) {
    if isTransposed {
      transpose(input, weights, bias: bias, into: output, pool: pool)
    } else {
      convolve(input, weights, bias: bias, into: output, pool: pool)
    }
  }

  /// - Parameter weights: `[outputChannels, inputChannels / groups, kernel…]`.
  private func convolve<Real: RealElement>(
    _ input: UnsafePointer<Real>, _ weights: UnsafePointer<Real>, bias: UnsafePointer<Real>?,
    into output: UnsafeMutablePointer<Real>, pool: ThreadPool
  ) {
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let step = window.step
    pool.dynamic(batch * outputChannels) { planes, _ in
      for plane in planes {
        let (image, channel) = (plane / outputChannels, plane % outputChannels)
        let to = output + plane * positions
        to.update(repeating: bias?[channel] ?? 0, count: positions)
        let first = channel / outputsPerGroup * inputsPerGroup
        for inner in 0..<inputsPerGroup {
          let from = input + (image * inputChannels + first + inner) * pixels
          for tap in 0..<window.tapCount {
            let weight = weights[(channel * inputsPerGroup + inner) * window.tapCount + tap]
            window.runs(tap: tap) { position, pixel, count in
              let (target, source) = (to + position, from + pixel)
              for index in 0..<count { target[index] += weight * source[index * step] }
            }
          }
        }
      }
    }
  }

  /// - Parameter weights: `[inputChannels, outputChannels / groups, kernel…]`.
  private func transpose<Real: RealElement>(
    _ input: UnsafePointer<Real>, _ weights: UnsafePointer<Real>, bias: UnsafePointer<Real>?,
    into output: UnsafeMutablePointer<Real>, pool: ThreadPool
  ) {
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let step = window.step
    pool.dynamic(batch * outputChannels) { planes, _ in
      for plane in planes {
        let (image, channel) = (plane / outputChannels, plane % outputChannels)
        let to = output + plane * pixels
        to.update(repeating: bias?[channel] ?? 0, count: pixels)
        let first = channel / outputsPerGroup * inputsPerGroup
        for source in first..<first + inputsPerGroup {
          let from = input + (image * inputChannels + source) * positions
          for tap in 0..<window.tapCount {
            let row = source * outputsPerGroup + channel % outputsPerGroup
            let weight = weights[row * window.tapCount + tap]
            window.runs(tap: tap) { position, pixel, count in
              let (target, source) = (to + pixel, from + position)
              for index in 0..<count { target[index * step] += weight * source[index] }
            }
          }
        }
      }
    }
  }
}

extension OperatorSite {
  /// Emits the step of a convolution that no packed kernel covers; operand 2 is its bias.
  func emit(
    _ kernel: PlainConvolution, of input: Value, _ weights: Value, into result: Value
  ) throws(ExecutionError) {
    let type = input.elementType
    let bias = try optionalReads(2..<3, type)[0]
    let (source, weight, target) = (read(input), read(weights), write(result))
    let reads = [source, weight] + (bias.map { [$0] } ?? [])
    let name = kernel.isTransposed ? "convtranspose" : "conv"
    if type == .float32,
      let lowered = LoweredConvolution(kernel, isa: isa)
    {
      let scratch = scratch(
        byteCount: lowered.scratchByteCount(threads: compiler.pool.threadCount))
      return try emit(
        [result], kernel: "\(name)-lowered-f32-\(isa.forFloats.rawValue)", reads: reads,
        scratch: scratch,
        multiplyAccumulates: kernel.multiplyAccumulates
      ) { (run: RunContext) throws(ExecutionError) in
        lowered.run(
          run.floats(source), run.floats(weight), bias: bias.map { UnsafePointer(run.floats($0)) },
          into: run.floats(target), scratch: run.scratch(scratch), pool: run.pool)
      }
    }
    func body<Real: RealElement>(_ type: Real.Type) -> Step.Body {
      { (run: RunContext) throws(ExecutionError) in
        kernel.run(
          run.elements(source, of: type), run.elements(weight),
          bias: bias.map { UnsafePointer(run.elements($0)) }, into: run.elements(target),
          pool: run.pool)
      }
    }
    try emitReal(
      [result], type, kernel: "\(name)-plain", reads: reads,
      multiplyAccumulates: kernel.multiplyAccumulates, single: body(Float.self),
      double: body(Double.self))
  }
}
