internal import Kernels

/// How inputs around a position are weighed. Source: ONNX Resize-19; Keys 1981 for the cubic.
struct ResamplingFilter {
  enum Shape {
    case linear
    /// With the coefficient `a` of Keys' equation 4.
    case cubic(a: Float)
  }

  let shape: Shape
  /// Whether the filter is stretched over as many inputs as there are to an output.
  let antialiases: Bool
  /// Whether inputs that do not exist weigh nothing; otherwise the nearest one stands in.
  let excludesOutside: Bool

  /// For each output, the inputs that count and their weights.
  func weights(_ axis: ResizeCoordinates.Axis, _ coordinates: ResizeCoordinates) -> AxisWeights {
    let scale = antialiases ? min(axis.scale, 1) : 1
    let first = Int((-radius / scale).rounded(.down)) + 1
    var result = AxisWeights(input: axis.input)
    for output in 0..<axis.output {
      let source = coordinates.source(output, axis)
      let floor = source.rounded(.down)
      let ratio = source - floor
      var taps: [(index: Int, weight: Float)] = []
      for offset in first...(1 - first) {
        let index = Int(floor) + offset
        let isOutside = index < 0 || index >= axis.input
        if isOutside && excludesOutside { continue }
        let weight = weight(at: (Float(offset) - ratio) * scale)
        taps.append((min(max(index, 0), axis.input - 1), weight))
      }
      let sum = taps.reduce(0) { $0 + $1.weight }
      let isNormalized = antialiases || excludesOutside
      result.append(
        taps.map { ($0.index, isNormalized && sum != 0 ? $0.weight / sum : $0.weight) })
    }
    return result
  }

  private var radius: Float {
    if case .linear = shape { 1 } else { 2 }
  }

  private func weight(at position: Float) -> Float {
    let x = abs(position)
    switch shape {
    case .linear: return max(0, 1 - x)
    case .cubic(let a):
      if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
  }
}

/// One axis of an interpolation: each output is a weighted sum of inputs.
struct AxisWeights {
  let input: Int
  private var starts = [0]
  private var indices: [Int] = []
  private var weights: [Float] = []

  var output: Int { starts.count - 1 }

  init(input: Int) { self.input = input }

  /// Adds an output; inputs that are named twice are joined, those without weight left out.
  mutating func append(_ taps: [(index: Int, weight: Float)]) {
    let start = indices.count
    for tap in taps where tap.weight != 0 {
      if indices.count > start, indices[indices.count - 1] == tap.index {
        weights[weights.count - 1] += tap.weight
      } else {
        indices.append(tap.index)
        weights.append(tap.weight)
      }
    }
    starts.append(indices.count)
  }

  /// `[outer, input, inner]` to `[outer, output, inner]`.
  func apply<Real: RealElement>(
    _ source: UnsafePointer<Real>, into target: UnsafeMutablePointer<Real>, outer: Int, inner: Int,
    pool: ThreadPool
  ) {
    let output = self.output
    starts.withUnsafeBufferPointer { starts in
      indices.withUnsafeBufferPointer { indices in
        weights.withUnsafeBufferPointer { weights in
          guard inner == 1 else {
            pool.parallel(outer * output, grain: max(1, 8_192 / max(inner, 1))) { range in
              for row in range {
                let from = source + row / output * input * inner
                let to = target + row * inner
                to.update(repeating: 0, count: inner)
                for tap in starts[row % output]..<starts[row % output + 1] {
                  let (weight, line) = (Real(weights[tap]), from + indices[tap] * inner)
                  for index in 0..<inner { to[index] += weight * line[index] }
                }
              }
            }
            return
          }
          pool.parallel(outer, grain: max(1, 8_192 / max(output, 1))) { range in
            for row in range {
              let (from, to) = (source + row * input, target + row * output)
              var tap = 0
              for position in 0..<output {
                let end = starts[position + 1]
                var sum: Real = 0
                while tap < end {
                  sum += Real(weights[tap]) * from[indices[tap]]
                  tap &+= 1
                }
                to[position] = sum
              }
            }
          }
        }
      }
    }
  }
}
