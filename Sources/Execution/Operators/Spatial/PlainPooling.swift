internal import Kernels
internal import Tensors

/// What MaxPool compares.
protocol PoolableElement: TensorElement, Comparable {
  /// No element is less.
  static var least: Self { get }
}

extension PoolableElement where Self: FixedWidthInteger { static var least: Self { .min } }
extension Float: PoolableElement { static var least: Float { -.infinity } }
extension Double: PoolableElement { static var least: Double { -.infinity } }
extension Int8: PoolableElement {}
extension UInt8: PoolableElement {}

/// Pools over any number of axes, tap by tap and row by row.
struct PlainPooling {
  enum Function: Hashable {
    case maximum, average
    /// The p-th root of the sum of p-th powers.
    case norm(Int)
  }

  let window: SlidingWindow
  /// Images times channels.
  let planes: Int
  let includesPad: Bool
  /// Places of the end padding that a mean does not count.
  let uncounted: [Int]

  /// - Parameter indices: gets the place of each maximum in the whole input; inside of a plane
  ///   counted with the first axis fastest when `storesColumns`.
  func maximum<Element: PoolableElement>(
    _ input: UnsafePointer<Element>, into output: UnsafeMutablePointer<Element>,
    indices: UnsafeMutablePointer<Int64>?, storesColumns: Bool, pool: ThreadPool
  ) {
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let step = window.step
    pool.dynamic(planes) { range, _ in
      for plane in range {
        let (from, to) = (input + plane * pixels, output + plane * positions)
        let places = indices.map { $0 + plane * positions }
        to.update(repeating: .least, count: positions)
        places?.update(repeating: -1, count: positions)
        for tap in 0..<window.tapCount {
          window.runs(tap: tap) { position, pixel, count in
            for index in 0..<count {
              let value = from[pixel + index * step]
              let isFirst = places.map { $0[position + index] < 0 } ?? false
              // A NaN is unequal to itself and wins, as no comparison takes its place again.
              guard value > to[position + index] || value != value || isFirst else { continue }
              to[position + index] = value
              places?[position + index] = Int64(pixel + index * step)
            }
          }
        }
        guard let places else { continue }
        for index in 0..<positions where places[index] >= 0 {
          let place = Int(places[index])
          places[index] = Int64(plane * pixels + (storesColumns ? columnMajor(place) : place))
        }
      }
    }
  }

  private func columnMajor(_ place: Int) -> Int {
    var (rest, result) = (place, 0)
    for axis in window.image.dimensions.indices.reversed() {
      let stride = window.image.dimensions[..<axis].reduce(1, *)
      result += rest % window.image[axis] * stride
      rest /= window.image[axis]
    }
    return result
  }

  func combine<Real: RealElement>(
    _ function: Function, _ input: UnsafePointer<Real>, into output: UnsafeMutablePointer<Real>,
    pool: ThreadPool
  ) {
    let (pixels, positions) = (window.image.elementCount, window.positions.elementCount)
    let step = window.step
    let factors: [Real] = function == .average ? self.factors() : []
    pool.dynamic(planes) { range, _ in
      for plane in range {
        let (from, to) = (input + plane * pixels, output + plane * positions)
        to.update(repeating: 0, count: positions)
        for tap in 0..<window.tapCount {
          window.runs(tap: tap) { position, pixel, count in
            let (target, source) = (to + position, from + pixel)
            switch function {
            case .norm(1):
              for index in 0..<count { target[index] += abs(source[index * step]) }
            case .norm(2):
              for index in 0..<count {
                target[index] += source[index * step] * source[index * step]
              }
            case .norm(let exponent):
              for index in 0..<count {
                target[index] += Real.power(abs(source[index * step]), Real(exponent))
              }
            default:
              for index in 0..<count { target[index] += source[index * step] }
            }
          }
        }
        switch function {
        case .average: for index in 0..<positions { to[index] *= factors[index] }
        case .norm(1), .maximum: break
        case .norm(2): for index in 0..<positions { to[index] = to[index].squareRoot() }
        case .norm(let exponent):
          for index in 0..<positions { to[index] = Real.power(to[index], 1 / Real(exponent)) }
        }
      }
    }
  }

  /// For each position, one over the number of places that a mean counts; 0 where there is none.
  private func factors<Real: RealElement>() -> [Real] {
    var counts = [1]
    for (axis, places) in window.axes.enumerated() {
      let (low, high) =
        includesPad
        ? (-places.padBegin, window.image[axis] + places.padEnd - uncounted[axis])
        : (0, window.image[axis])
      let counted = (0..<window.positions[axis]).map { position in
        (0..<places.kernel).count { tap in
          let pixel = position * places.stride + tap * places.dilation - places.padBegin
          return pixel >= low && pixel < high
        }
      }
      counts = counts.flatMap { outer in counted.map { outer * $0 } }
    }
    return counts.map { $0 == 0 ? 0 : 1 / Real($0) }
  }
}
