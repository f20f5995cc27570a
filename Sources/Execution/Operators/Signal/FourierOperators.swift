internal import Graphs
internal import Kernels
internal import Tensors

/// DFT along one axis of real or complex numbers, which lie in a last axis of one or two.
struct DiscreteFourier: OperatorKernel {
  private let axis: Int
  /// Whether the axis is an operand, as from opset 20 on.
  private let takesAxis: Bool
  private let isInverse: Bool
  private let isOneSided: Bool

  init(_ node: Node, opset: Int64) {
    takesAxis = opset >= 20
    axis = takesAxis ? -2 : Int(clamping: node.int("axis") ?? 1)
    isInverse = node.int("inverse") ?? 0 != 0
    isOneSided = node.int("onesided") ?? 0 != 0
  }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    let signal = try site.operand(input, as: .float64)
    let shape = input.shape
    let parts = shape.dimensions.last ?? 0
    let axis = try site.axis(
      takesAxis && site.hasInput(2) ? try site.number(2) : self.axis, of: shape)
    guard shape.rank >= 2, [1, 2].contains(parts), axis < shape.rank - 1 else {
      throw site.mismatch("axis \(axis) of \(shape), whose last axis must be 1 or 2")
    }
    let extent = shape[axis]
    // A one-sided spectrum is that of a signal of even length, unless the length is given.
    let isReal = isInverse && isOneSided
    let length =
      site.hasInput(1) ? try site.number(1) : isReal ? 2 * (extent - 1) : extent
    guard length > 0, length < 1 << 30 else { throw site.mismatch("a length of \(length)") }
    var result = shape
    result[axis] = isOneSided && !isInverse ? length / 2 + 1 : length
    result[shape.rank - 1] = isReal ? 1 : 2
    let lanes = FourierLanes(
      transform: FourierTransform(length: length), isInverse: isInverse, parts: parts,
      extent: extent, isHalf: isReal, resultExtent: result[axis], resultParts: isReal ? 1 : 2)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    let inner = shape.dimensions[(axis + 1)..<(shape.rank - 1)].reduce(1, *)
    let source = site.read(signal)
    let target = try site.emitReals(result, reads: [source], kernel: "dft-f64") { run, output in
      let from = run.elements(source, of: Double.self)
      run.pool.parallel(outer * inner) { range in
        for lane in range {
          lanes.run(
            from + (lane / inner * extent * inner + lane % inner) * parts,
            stride: inner * parts,
            into: output
              + (lane / inner * lanes.resultExtent * inner + lane % inner) * lanes.resultParts,
            resultStride: inner * lanes.resultParts)
        }
      }
    }
    try site.emitConverted(target, .float64, to: input.elementType, shape: result)
  }
}

/// STFT: the spectra of overlapping frames of a signal.
struct ShortTimeFourier: OperatorKernel {
  private let isOneSided: Bool

  init(_ node: Node, opset: Int64) { isOneSided = node.int("onesided") ?? 1 != 0 }

  func compile(_ site: OperatorSite) throws(ExecutionError) {
    let input = try site.input(0)
    // A real signal may come without its last axis of one.
    let isBare = input.shape.rank == 2
    guard isBare || input.shape.rank == 3 && [1, 2].contains(input.shape[2]) else {
      throw site.mismatch("a signal of shape \(input.shape)")
    }
    let parts = isBare ? 1 : input.shape[2]
    let (batch, samples) = (input.shape[0], input.shape[1])
    let signal = site.read(try site.operand(input, as: .float64))
    let step = try site.number(1)
    var window: Buffer.ID?
    var length = samples
    if let value = try site.optionalInput(2) {
      guard value.shape.rank == 1 else { throw site.mismatch("a window of \(value.shape)") }
      length = value.shape[0]
      window = site.read(try site.operand(value, as: .float64))
    }
    if site.hasInput(3) {
      let given = try site.number(3)
      guard window == nil || given == length else {
        throw site.mismatch("a window of \(length) for frames of \(given)")
      }
      length = given
    }
    guard step > 0, length > 0, length <= samples else {
      throw site.mismatch("frames of \(length), \(step) apart, in \(samples) samples")
    }
    guard !isOneSided || parts == 1 else {
      throw site.mismatch("a one-sided spectrum of a complex signal")
    }
    let frames = 1 + (samples - length) / step
    let bins = isOneSided ? length / 2 + 1 : length
    let lanes = FourierLanes(
      transform: FourierTransform(length: length), isInverse: false, parts: parts, extent: length,
      isHalf: false, resultExtent: bins, resultParts: 2)
    let shape = Shape([batch, frames, bins, 2])
    let reads = [signal] + (window.map { [$0] } ?? [])
    let target = try site.emitReals(shape, reads: reads, kernel: "stft-f64") { run, output in
      let from = run.elements(signal, of: Double.self)
      let weights = window.map { UnsafePointer(run.elements($0, of: Double.self)) }
      run.pool.parallel(batch * frames) { range in
        for frame in range {
          lanes.run(
            from + (frame / frames * samples + frame % frames * step) * parts, stride: parts,
            weights: weights, into: output + frame * bins * 2, resultStride: 2)
        }
      }
    }
    try site.emitConverted(target, .float64, to: input.elementType, shape: shape)
  }
}

/// The transform of many signals that lie alike.
private struct FourierLanes: Sendable {
  let transform: FourierTransform
  let isInverse: Bool
  /// Numbers per element of the signal: 1 for real ones.
  let parts: Int
  /// Elements of the signal; cut, or filled up with zeros, to the length of the transform.
  let extent: Int
  /// Whether the elements are the first half of a symmetric spectrum.
  let isHalf: Bool
  let resultExtent: Int
  let resultParts: Int

  func run(
    _ input: UnsafePointer<Double>, stride: Int, weights: UnsafePointer<Double>? = nil,
    into output: UnsafeMutablePointer<Double>, resultStride: Int
  ) {
    let length = transform.length
    var values = [FourierTransform.Complex](repeating: .zero, count: length)
    let known = min(extent, isHalf ? length / 2 + 1 : length)
    for index in 0..<known {
      let element = input + index * stride
      let weight = weights?[index] ?? 1
      values[index].real = element[0] * weight
      if parts == 2 { values[index].imaginary = element[1] * weight }
    }
    if isHalf {
      // The numbers at both ends are their own mirror images, thus real.
      values[0].imaginary = 0
      if length % 2 == 0 { values[length / 2].imaginary = 0 }
      for index in 1..<max(length - length / 2, 1) {
        values[length - index] = values[index].conjugate
      }
    }
    if isInverse { transform.inverse(&values) } else { transform.forward(&values) }
    for index in 0..<resultExtent {
      output[index * resultStride] = values[index].real
      if resultParts == 2 { output[index * resultStride + 1] = values[index].imaginary }
    }
  }
}

extension OperatorSite {
  /// Emits the step that computes a value in float64, whatever type it then gets.
  fileprivate func emitReals(
    _ shape: Shape, reads: [Buffer.ID], kernel: String,
    body: @escaping (RunContext, UnsafeMutablePointer<Double>) -> Void
  ) throws(ExecutionError) -> Buffer.ID {
    let target = compiler.addBuffer(.arena, byteCount: 8 * shape.elementCount)
    try compiler.emit(
      Step(
        name: nodeName, operatorName: operatorName, nodes: unit.nodes,
        output: unit.outputs.first ?? "", outputShape: shape, kernel: kernel, reads: reads,
        writes: [target]
      ) { (run: RunContext) throws(ExecutionError) in
        body(run, run.elements(target, of: Double.self))
      })
    return target
  }
}
